import { afterEach, expect, test } from "bun:test";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import type { PolicyBundle } from "../supervision.ts";
import { Fleet } from "./fleet.ts";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

/** A fleet of scripted workers. `adopted`: `worker-generation version`, in order. */
function fleet() {
  const dataDir = mkdtempSync(join(tmpdir(), "postern-fleet-"));
  const adopted: string[] = [];
  const ports = new Set<unknown>();
  const died: string[] = [];
  const events = new EventEmitter();
  const generations: number[] = [];
  const fleet = new Fleet({
    blockedMs: 60_000,
    log: createLog({ level: "silent" }),
    metrics: createMetrics(),
    entry: join(import.meta.dir, "testing/scripted-worker.ts"),
    opened() {},
    starting(worker) {
      const generation = (generations[worker] ?? 0) + 1;
      generations[worker] = generation;
      const stream = `${worker}-${generation}`;
      return {
        worker,
        dataDir,
        stream,
        strict: false,
        recorder: 0,
        signingKey: "",
        log: {},
        endings: [],
        grants: [],
      };
    },
    async died({ stream }) {
      died.push(stream);
      events.emit("died");
    },
    supervision: () => ({
      place: async () => undefined,
      sessionOpened() {},
      sessionClosed(adoption) {
        const [stream, version, port] = adoption.split(" ");
        adopted.push(`${stream} ${version}`);
        ports.add(port);
        events.emit("adopted");
      },
      holdOpened() {},
      holdApproved() {},
      holdEnded() {},
      credential: async () => undefined,
      credentialUsed: async () => undefined,
      leased: async () => "gw_test",
      released() {},
      loginFailed: async () => 0,
      beginLogin: async () => undefined,
      finishLogin: () => Promise.reject(new Error("nobody signs in here")),
      signOut: async () => {},
      trailRests() {},
      deliver: async () => {},
    }),
  });
  opened.push(() => {
    fleet.kill();
    rmSync(dataDir, { recursive: true });
  });
  const until = async (holds: () => boolean) => {
    while (!holds()) await Promise.race([once(events, "adopted"), once(events, "died")]);
  };
  return { fleet, adopted, ports, died, dataDir, until };
}

const bundle = (version: string, acts: Record<number, "refuse" | "die"> = {}): PolicyBundle => ({
  version,
  code: JSON.stringify(acts),
  files: [],
});

test("one that refuses keeps all on the old policy", async () => {
  const { fleet: workers, adopted } = fleet();
  await workers.start(3, bundle("a"));
  await expect(workers.adopt(bundle("b", { 2: "refuse" }))).rejects.toMatchObject({ code: "test.refused" });
  expect(adopted.slice(3)).toEqual([]);
  await workers.adopt(bundle("c"));
  expect(adopted.slice(3).sort()).toEqual(["0-1 c", "1-1 c", "2-1 c"]);
});

test("a port that the first chose is everybody's, and stays so", async () => {
  const { fleet: workers, adopted, ports, until } = fleet();
  await workers.start(2, bundle("a"));
  workers.worker(0).kill("test");
  await until(() => adopted.includes("0-2 a"));
  await workers.adopt(bundle("b"));
  // A successor that is not ready yet takes the new policy as soon as it is.
  await until(() => adopted.length === 5);
  expect(ports.size).toBe(1);
});

test("one that dies over a policy does not stop the others, and its successor has the new one", async () => {
  const { fleet: workers, adopted, died, until } = fleet();
  await workers.start(2, bundle("a"));
  await workers.adopt(bundle("b", { 0: "die" }));
  expect(adopted.slice(2)).toEqual(["1-1 b"]);
  await until(() => died.length >= 2);
  // While the successor dies over it too, the next policy comes.
  await workers.adopt(bundle("c"));
  await until(() => adopted.some((adoption) => /^0-\d+ c$/.test(adoption)));
  expect(adopted).toContain("1-1 c");
  expect(died.slice(0, 2)).toEqual(["0-1", "0-2"]);
});

test("a worker that is killed has one successor, under the same policy", async () => {
  const { fleet: workers, adopted, died, until } = fleet();
  await workers.start(1, bundle("a"));
  workers.worker(0).kill("test");
  await until(() => adopted.length === 2);
  expect(adopted).toEqual(["0-1 a", "0-2 a"]);
  expect(died).toEqual(["0-1"]);
});

test("a fleet that cannot start leaves nothing behind", async () => {
  const { fleet: workers, dataDir } = fleet();
  writeFileSync(join(dataDir, "broken"), "");
  await expect(workers.start(2, bundle("a"))).rejects.toMatchObject({ code: "test.broken" });
  const [first] = workers.workers();
  await workers.worker(0).exited;
  expect(() => process.kill(first?.pid ?? 0, 0)).toThrow("ESRCH");
});
