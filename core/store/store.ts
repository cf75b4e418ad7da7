import type { Log } from "../log.ts";
import type { StoreConfig } from "../policy.ts";
import { openThread, type Thread } from "./open-thread.ts";
import type { StoreCalls, StoreEvents } from "./thread.ts";

/** What gateways know together, as the supervisor uses it: every call runs in the store's own thread. */
export interface Store extends Pick<Thread<StoreCalls>, "call" | "failed"> {
  /** Why the server that it lies on cannot be used now; undefined: it can, or it is a file. */
  readonly unreachable: string | undefined;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** The server that holds it; absent: `store.db` in the data folder. */
  readonly server?: StoreConfig;
}

/**
 * Opens the store and brings its schema up to date. Throws PosternError `store.unreachable`, `store.refused`,
 * `store.failed`, `secret.unavailable`.
 */
export async function openStore({ dataDir, log, server }: StoreOptions): Promise<Store> {
  let unreachable: string | undefined;
  const events: StoreEvents = {
    token: async () => server?.token?.read(),
    reached(why) {
      if (why !== undefined && why !== unreachable) log.error({ why }, "the store cannot be used");
      else if (why === undefined && unreachable !== undefined) log.info("the store can be used again");
      unreachable = why;
    },
  };
  const thread = openThread<StoreCalls, StoreEvents>("thread.ts", "the store", events, log);
  const close = async () => {
    if (thread.failed === undefined) await thread.call("close");
    await thread.terminate();
  };
  try {
    await thread.call("open", dataDir, server?.url);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    call: thread.call,
    get failed() {
      return thread.failed;
    },
    get unreachable() {
      return unreachable;
    },
    close,
  };
}
