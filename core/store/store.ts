import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Log } from "../log.ts";
import { type Message, openPeer, type Peer } from "../messages.ts";
import type { Notice } from "../notifier.ts";
import type { StoreCalls, StoreEvents } from "./thread.ts";

/** The store as the supervisor uses it: every call runs in the store's own thread. */
export interface Store {
  readonly call: Peer<StoreCalls>["call"];
  /** Why it answers no more; undefined while it does. */
  readonly failed: string | undefined;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** Trail streams that are written now; later ones are told by `streamOpened`. */
  readonly live: readonly string[];
  /** Entries that the index has just taken in. */
  indexed?(count: number): void;
  /** Nothing older is told of: epoch milliseconds, default now. */
  readonly since?: number;
  /** What `notify` asked to be told. */
  noticed?(notices: readonly Notice[]): void;
}

/** Opens the database, brings its schema up to date and starts to follow the trail. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dataDir, log, live, since = Date.now(), indexed, noticed } = options;
  const thread = new Worker(join(import.meta.dir, "thread.ts"));
  let failed: string | undefined;
  const peer = openPeer<StoreCalls, StoreEvents>(
    {
      indexed: (count) => indexed?.(count),
      noticed: (notices) => noticed?.(notices),
      indexFailed: (why) => log.error({ why }, "the trail's index is behind"),
    },
    (message) => thread.postMessage(message),
  );
  thread.on("message", (message: Message) => peer.receive(message));
  const gone = (why: string) => {
    failed ??= why;
    peer.close(`The store is gone: ${why}`);
  };
  thread.on("error", (error: Error) => {
    log.error({ error }, "the store died");
    gone(error.message);
  });
  thread.on("exit", () => gone("closed"));
  await peer.call("open", dataDir, live, since);
  return {
    call: peer.call,
    get failed() {
      return failed;
    },
    async close() {
      if (failed === undefined) await peer.call("close");
      await thread.terminate();
    },
  };
}
