import { existsSync } from "node:fs";
import { PosternError } from "../../error.ts";
import { type Message, openPeer } from "../../messages.ts";
import type { PolicyBundle, Supervision } from "../../supervision.ts";
import type { WorkerCalls, WorkerStart } from "../../worker-calls.ts";

/*
 * A worker process without a gateway. What it does with a policy stands in the policy's code, a JSON object
 * by worker number: `refuse`, `die`, `loop` (without an end), or nothing for taking it. With a file `broken` in
 * the data folder it cannot begin. Where it may choose a port it takes its own process id. It tells each policy
 * that it commits to, with the port, as a session that closed.
 */

let start: WorkerStart | undefined;
let prepared = "";
let port = 0;

const calls: WorkerCalls = {
  async begin(given) {
    start = given;
    if (existsSync(`${given.dataDir}/broken`)) throw new PosternError("test.broken", "It is broken.");
  },
  async prepare({ version, code }: PolicyBundle, ports) {
    const act = (JSON.parse(code) as Record<string, string>)[String(start?.worker)];
    if (act === "die") process.exit(9);
    while (act === "loop");
    if (act === "refuse") throw new PosternError("test.refused", "Not this one.");
    prepared = version;
    port = ports.test ?? process.pid;
    return { test: port };
  },
  async commit() {
    peer.tell("sessionClosed", `${start?.stream} ${prepared} ${port}`);
  },
  discard: async () => {},
  addresses: () => [],
  ping: () => "ok",
  settle: async () => ({}),
  answerable: async () => [],
  endSession: async () => false,
  endAccess: async () => {},
  liftEnding: async () => {},
  useGrants: async () => {},
  delivered: async () => {},
  metrics: async () => [],
  stop: async () => {},
};

const peer = openPeer<Supervision, WorkerCalls>(calls, (message) => process.send?.(message));
process.on("message", (message: Message) => peer.receive(message));
process.on("disconnect", () => process.exit(0));
