import type { Log } from "../log.ts";
import type { Notice } from "../notifier.ts";
import type { IndexCalls, IndexEvents } from "./index-thread.ts";
import { openThread, type Thread } from "./open-thread.ts";

/** What the trail is searched by, as the supervisor uses it: every call runs in a thread of its own. */
export interface TrailIndex extends Pick<Thread<IndexCalls>, "call" | "failed"> {
  close(): Promise<void>;
}

export interface IndexOptions {
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

/** Opens the index, brings its schema up to date and starts to follow the trail. */
export async function openIndex(options: IndexOptions): Promise<TrailIndex> {
  const { dataDir, log, live, since = Date.now(), indexed, noticed } = options;
  const thread = openThread<IndexCalls, IndexEvents>(
    "index-thread.ts",
    "the trail's index",
    {
      indexed: (count) => indexed?.(count),
      noticed: (notices) => noticed?.(notices),
      indexFailed: (why) => log.error({ why }, "the trail's index is behind"),
    },
    log,
  );
  await thread.call("open", dataDir, live, since);
  return {
    call: thread.call,
    get failed() {
      return thread.failed;
    },
    async close() {
      if (thread.failed === undefined) await thread.call("close");
      await thread.terminate();
    },
  };
}
