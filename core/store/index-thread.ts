import { join } from "node:path";
import { PosternError } from "../error.ts";
import type { Notice, NoticeType } from "../notifier.ts";
import { Teller } from "../notify/teller.ts";
import { answerCalls } from "./answer-calls.ts";
import { Indexer } from "./indexer.ts";
import { type IndexDatabase, openIndexFile } from "./open.ts";
import { yieldToTraffic } from "./priority.ts";
import {
  type AuditEntry,
  type AuditFilter,
  findSession,
  type HoldRow,
  type Page,
  pastHolds,
  pastSessions,
  queryAudit,
  type SessionEntries,
  type SessionRow,
  sessionEntries,
} from "./query.ts";

/** What the index's thread does for the supervisor. */
export interface IndexCalls {
  /** `live`: the streams that are written now. `since`: nothing older is told of (epoch milliseconds). */
  open(dataDir: string, live: readonly string[], since: number): Promise<void>;
  audit(filter: AuditFilter): Promise<Page<AuditEntry>>;
  session(id: string): Promise<SessionRow | undefined>;
  sessionEntries(id: string): Promise<SessionEntries>;
  sessions(limit: number): Promise<SessionRow[]>;
  holds(limit: number): Promise<HoldRow[]>;
  /** Rebuilds the index from the segments; resolves with the number of entries when it has caught up. */
  reindex(): Promise<number>;
  /** Resolves when all that is in the segments now is in the index, or the index cannot keep up for the moment. */
  fresh(): Promise<void>;
  /** Which entries to tell of from now on. */
  notify(types: readonly NoticeType[]): void;
  /** A process begins to write this stream of the trail, or has ended. */
  streamOpened(stream: string): void;
  streamEnded(stream: string): void;
  /** Whether nothing comes for this stream before the opposite is told. */
  streamRests(stream: string, rests: boolean): void;
  close(): Promise<void>;
}

/** What it says unasked. */
export interface IndexEvents {
  /** Entries of these types are in the trail now. */
  noticed(notices: readonly Notice[]): void;
  indexed(count: number): void;
  indexFailed(why: string): void;
}

interface Opened {
  readonly database: IndexDatabase;
  readonly dataDir: string;
  readonly indexer: Indexer;
  readonly teller: Teller;
  close(): void;
}

let opened: Opened | undefined;

function index(): Opened {
  if (!opened) throw new PosternError("store.closed", "The trail's index is not open.");
  return opened;
}

const calls: IndexCalls = {
  async open(dataDir, live, since) {
    const teller = new Teller(since, (notices) => peer.tell("noticed", notices));
    const { database, close } = await openIndexFile(join(dataDir, "index.db"));
    const indexer = new Indexer(database, dataDir, {
      indexed: (count) => peer.tell("indexed", count),
      indexFailed: (why) => peer.tell("indexFailed", why),
      read: (...batch) => teller.read(...batch),
    });
    opened = { database, dataDir, indexer, teller, close };
    for (const stream of live) indexer.opened(stream);
    indexer.start();
  },
  audit: (filter) => queryAudit(index(), filter),
  session: (id) => findSession(index().database, id),
  sessionEntries: (id) => sessionEntries(index(), id),
  sessions: (limit) => pastSessions(index().database, limit),
  holds: (limit) => pastHolds(index().database, limit),
  reindex: () => index().indexer.rebuild(),
  fresh: () => index().indexer.fresh(),
  notify: (types) => index().teller.want(types),
  streamOpened: (stream) => index().indexer.opened(stream),
  streamEnded: (stream) => index().indexer.ended(stream),
  streamRests: (stream, rests) => index().indexer.rests(stream, rests),
  async close() {
    await index().indexer.stop();
    index().close();
    opened = undefined;
  },
};

yieldToTraffic();
const peer = answerCalls<IndexEvents>(calls);
