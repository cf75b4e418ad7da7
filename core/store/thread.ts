import { join } from "node:path";
import type { Lease } from "../credential/source.ts";
import type { Ended, Ending } from "../ending.ts";
import { PosternError } from "../error.ts";
import type { Grant, GrantRequest } from "../grant.ts";
import type { IssuedCredential } from "../supervision.ts";
import { answerCalls } from "./answer-calls.ts";
import { connectStore } from "./connect.ts";
import {
  addCredential,
  type CredentialFilter,
  findCredential,
  listCredentials,
  revokeCredential,
  type StoredCredential,
  storedCredential,
  useCredential,
} from "./credentials.ts";
import { addEnding, endingsSince, firstSight, liftEndings, type StoredEnding } from "./endings.ts";
import {
  addRequest,
  answerRequest,
  endGrant,
  findRequest,
  pastGrants,
  pastRequests,
  type RequestAnswer,
  type Standing,
  type StoredGrant,
  type StoredRequest,
  standing,
} from "./grants.ts";
import { addLease, leasesOfWorker, leasesToCheck, removeLease } from "./leases.ts";
import { type Database, type Opened, openStoreFile } from "./open.ts";
import { addRecord, findRecord, pageOfRecords, putRecord, type RecordPage, removeRecord } from "./records.ts";

/** What the store's thread does for the supervisor. */
export interface StoreCalls {
  /** `server`: the address of the libSQL server that holds it; absent: a file in the data folder. */
  open(dataDir: string, server: string | undefined): Promise<void>;
  addCredential(issued: IssuedCredential): Promise<void>;
  credential(id: string): Promise<IssuedCredential | undefined>;
  /** The remote address is checked by whoever calls. Resolves with why the credential is not accepted after all. */
  credentialUsed(id: string): Promise<string | undefined>;
  revokeCredential(id: string): Promise<boolean>;
  credentials(filter: CredentialFilter): Promise<StoredCredential[]>;
  /** Also one that is good no more. */
  storedCredential(id: string): Promise<StoredCredential | undefined>;
  addLease(lease: Lease): Promise<void>;
  removeLease(id: string): Promise<void>;
  /** Leases of this gateway, and those of any gateway that have run out. */
  leasesToCheck(gateway: string): Promise<Lease[]>;
  leasesOfWorker(gateway: string, worker: number): Promise<Lease[]>;
  addEnding(ending: Ending): Promise<void>;
  /** What was added or lifted after this sequence number. */
  endingsSince(seq: number): Promise<StoredEnding[]>;
  /** Lifts what blocks, of everybody or of one alone; resolves with the ids. */
  liftEndings(of: Ended, by?: string): Promise<string[]>;
  /** False: this key was seen before. Kept until `until` (epoch milliseconds). */
  firstSight(key: string, until: number): Promise<boolean>;
  record(key: string): Promise<string | undefined>;
  /** False: there is one under this key, which stays as it is. */
  addRecord(key: string, value: string): Promise<boolean>;
  putRecord(key: string, value: string): Promise<void>;
  removeRecord(key: string): Promise<boolean>;
  /** Those whose key begins with this, in the order of their keys. */
  recordPage(prefix: string, skip: number, take: number): Promise<RecordPage>;
  addRequest(request: GrantRequest, grant?: Grant): Promise<void>;
  /** False: somebody else was first. */
  answerRequest(answer: RequestAnswer): Promise<boolean>;
  /** Requests that wait, and grants that have not ended. */
  standing(): Promise<Standing>;
  request(id: string): Promise<StoredRequest | undefined>;
  requests(limit: number): Promise<StoredRequest[]>;
  grants(limit: number): Promise<StoredGrant[]>;
  /** With the credentials that were issued under it. */
  endGrant(id: string): Promise<boolean>;
  close(): Promise<void>;
}

/** What it asks and says. */
export interface StoreEvents {
  /** The token of the store server, as it is now. */
  token(): Promise<string | undefined>;
  /** Why the store server cannot be used; undefined: it answers. */
  reached(why: string | undefined): void;
}

let opened: Opened<Database> | undefined;

function store(): Opened<Database> {
  if (!opened) throw new PosternError("store.closed", "The store is not open.");
  return opened;
}

const calls: StoreCalls = {
  async open(dataDir, server) {
    opened =
      server === undefined
        ? await openStoreFile(join(dataDir, "store.db"))
        : await connectStore({
            url: server,
            token: () => peer.call("token"),
            reached: (why) => peer.tell("reached", why),
          });
  },
  addCredential: (issued) => addCredential(store().database, issued, Date.now()),
  credential: (id) => findCredential(store().database, id, Date.now()),
  credentialUsed: (id) => useCredential(store().database, id, Date.now()),
  addLease: (lease) => addLease(store().database, lease),
  removeLease: (id) => removeLease(store().database, id),
  leasesToCheck: (gateway) => leasesToCheck(store().database, gateway, Date.now()),
  leasesOfWorker: (gateway, worker) => leasesOfWorker(store().database, gateway, worker),
  addEnding: (ending) => addEnding(store().database, ending),
  endingsSince: (seq) => endingsSince(store().database, seq),
  liftEndings: (of, by) => liftEndings(store().database, of, Date.now(), by),
  firstSight: (key, until) => firstSight(store().database, key, until, Date.now()),
  record: (key) => findRecord(store().database, key),
  addRecord: (key, value) => addRecord(store().database, key, value),
  putRecord: (key, value) => putRecord(store().database, key, value),
  removeRecord: (key) => removeRecord(store().database, key),
  recordPage: (...asked) => pageOfRecords(store().database, ...asked),
  revokeCredential: (id) => revokeCredential(store().database, id, Date.now()),
  credentials: (filter) => listCredentials(store().database, filter, Date.now()),
  storedCredential: (id) => storedCredential(store().database, id),
  addRequest: (request, grant) => addRequest(store().database, request, grant),
  answerRequest: (answer) => answerRequest(store().database, answer, Date.now()),
  standing: () => standing(store().database, Date.now()),
  request: (id) => findRequest(store().database, id),
  requests: (limit) => pastRequests(store().database, limit),
  grants: (limit) => pastGrants(store().database, limit),
  endGrant: (id) => endGrant(store().database, id, Date.now()),
  async close() {
    opened?.close();
    opened = undefined;
  },
};

const peer = answerCalls<StoreEvents>(calls);
