import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Log } from "../log.ts";
import { type Interface, type Message, openPeer, type Peer } from "../messages.ts";

/** A thread that answers calls, from outside. */
export interface Thread<Calls> {
  readonly call: Peer<Calls>["call"];
  /** Why it answers no more; undefined while it does. */
  readonly failed: string | undefined;
  /** Ends it; what it has open is to be closed before. */
  terminate(): Promise<void>;
}

/** `file` lies beside this one; `what` it is, for the log. */
export function openThread<Calls extends Interface<Calls>, Events extends Interface<Events>>(
  file: string,
  what: string,
  events: Events,
  log: Log,
): Thread<Calls> {
  const thread = new Worker(join(import.meta.dir, file));
  let failed: string | undefined;
  const peer = openPeer<Calls, Events>(events, (message) => thread.postMessage(message));
  thread.on("message", (message: Message) => peer.receive(message));
  const gone = (why: string) => {
    failed ??= why;
    peer.close(`${what} is gone: ${why}`);
  };
  thread.on("error", (error: Error) => {
    log.error({ error }, `${what} died`);
    gone(error.message);
  });
  thread.on("exit", () => gone("closed"));
  return {
    call: peer.call,
    get failed() {
      return failed;
    },
    async terminate() {
      await thread.terminate();
    },
  };
}
