import { join } from "node:path";
import { parentPort } from "node:worker_threads";
import type { Lease } from "../credential/source.ts";
import type { Ended, Ending } from "../ending.ts";
import { PosternError } from "../error.ts";
import { type Message, openPeer } from "../messages.ts";
import type { Notice, NoticeType } from "../notifier.ts";
import { Teller } from "../notify/teller.ts";
import type { IssuedCredential } from "../supervision.ts";
import type { Written } from "../trail/entry.ts";
import { addCredential, findCredential, revokeCredential, useCredential } from "./credentials.ts";
import { addEnding, endingsSince, firstSight, liftEndings, type StoredEnding } from "./endings.ts";
import { storeFailure } from "./failure.ts";
import { Indexer } from "./indexer.ts";
import { addLease, leasesOfWorker, leasesToCheck, removeLease } from "./leases.ts";
import { type Database, openDatabase } from "./open.ts";
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
  type SessionRow,
  sessionEntries,
} from "./query.ts";

/** What the store's thread does for the supervisor. */
export interface StoreCalls {
  /** `live`: the streams that are written now. `since`: nothing older is told of (epoch milliseconds). */
  open(dataDir: string, live: readonly string[], since: number): Promise<void>;
  audit(filter: AuditFilter): Promise<Page<AuditEntry>>;
  session(id: string): Promise<{ session: SessionRow; entries: readonly Written[] } | undefined>;
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
  addCredential(issued: IssuedCredential): Promise<void>;
  credential(id: string): Promise<IssuedCredential | undefined>;
  /** The remote address is checked by whoever calls. Resolves with why the credential is not accepted after all. */
  credentialUsed(id: string): Promise<string | undefined>;
  revokeCredential(id: string): Promise<boolean>;
  addLease(lease: Lease): Promise<void>;
  removeLease(id: string): Promise<void>;
  /** Leases of this gateway, and those of any gateway that have run out. */
  leasesToCheck(gateway: string): Promise<Lease[]>;
  leasesOfWorker(gateway: string, worker: number): Promise<Lease[]>;
  addEnding(ending: Ending): Promise<void>;
  /** Endings that hold and were added after this sequence number. */
  endingsSince(seq: number): Promise<StoredEnding[]>;
  liftEndings(of: Ended): Promise<string[]>;
  /** False: this key was seen before. Kept until `until` (epoch milliseconds). */
  firstSight(key: string, until: number): Promise<boolean>;
  close(): Promise<void>;
}

/** What it says unasked. */
export interface StoreEvents {
  /** Entries of these types are in the trail now. */
  noticed(notices: readonly Notice[]): void;
  indexed(count: number): void;
  indexFailed(why: string): void;
}

interface Opened {
  readonly database: Database;
  readonly indexer: Indexer;
  readonly teller: Teller;
  close(): void;
}

let opened: Opened | undefined;

function store(): Opened {
  if (!opened) throw new PosternError("store.closed", "The store is not open.");
  return opened;
}

const calls: StoreCalls = {
  async open(dataDir, live, since) {
    const teller = new Teller(since, (notices) => peer.tell("noticed", notices));
    const { database, close } = await openDatabase(join(dataDir, "store.db"));
    const indexer = new Indexer(database, dataDir, {
      indexed: (count) => peer.tell("indexed", count),
      indexFailed: (why) => peer.tell("indexFailed", why),
      read: (...batch) => teller.read(...batch),
    });
    opened = { database, indexer, teller, close };
    for (const stream of live) indexer.opened(stream);
    indexer.start();
  },
  audit: (filter) => queryAudit(store().database, filter),
  async session(id) {
    const { database } = store();
    const session = await findSession(database, id);
    return session && { session, entries: await sessionEntries(database, id) };
  },
  sessions: (limit) => pastSessions(store().database, limit),
  holds: (limit) => pastHolds(store().database, limit),
  reindex: () => store().indexer.rebuild(),
  fresh: () => store().indexer.fresh(),
  notify: (types) => store().teller.want(types),
  streamOpened: (stream) => store().indexer.opened(stream),
  streamEnded: (stream) => store().indexer.ended(stream),
  addCredential: (issued) => addCredential(store().database, issued, Date.now()),
  credential: (id) => findCredential(store().database, id, Date.now()),
  credentialUsed: (id) => useCredential(store().database, id, Date.now()),
  addLease: (lease) => addLease(store().database, lease),
  removeLease: (id) => removeLease(store().database, id),
  leasesToCheck: (gateway) => leasesToCheck(store().database, gateway, Date.now()),
  leasesOfWorker: (gateway, worker) => leasesOfWorker(store().database, gateway, worker),
  addEnding: (ending) => addEnding(store().database, ending),
  endingsSince: (seq) => endingsSince(store().database, seq),
  liftEndings: (of) => liftEndings(store().database, of, Date.now()),
  firstSight: (key, until) => firstSight(store().database, key, until, Date.now()),
  revokeCredential: (id) => revokeCredential(store().database, id, Date.now()),
  async close() {
    await store().indexer.stop();
    store().close();
    opened = undefined;
  },
};

yieldToTraffic();
const peer = openPeer<StoreEvents, StoreCalls>(guarded(calls), (message) => parentPort?.postMessage(message));
parentPort?.on("message", (message: Message) => peer.receive(message));

/** Nothing that a query held may leave in an error. */
function guarded(calls: StoreCalls): StoreCalls {
  const safe = Object.entries(calls).map(([name, call]: [string, (...args: never[]) => unknown]) => [
    name,
    async (...args: never[]) => {
      try {
        return await call(...args);
      } catch (error) {
        throw storeFailure(error);
      }
    },
  ]);
  return Object.fromEntries(safe) as StoreCalls;
}
