import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Identity } from "../identity.ts";
import type { Entry, Written } from "../trail/entry.ts";
import { type IndexDatabase, openIndexFile } from "./open.ts";
import { findSession, pastHolds, queryAudit, sessionEntries } from "./query.ts";
import * as indexTables from "./schema.ts";
import { takeIn } from "./take-in.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-store-"));
const alice: Identity = { issuer: "local", subject: "alice", kind: "person", groups: ["support"] };
const agent: Identity = { ...alice, subject: "agent-7", kind: "machine", actingFor: alice };
const action = { effect: "write", on: "public.orders" } as const;

let count = 0;
const closers: (() => void)[] = [];
async function fresh(): Promise<IndexDatabase> {
  const { database, close } = await openIndexFile(join(folder, `index-${count++}.db`));
  closers.push(close);
  return database;
}
let shared: IndexDatabase;
beforeAll(async () => {
  shared = await fresh();
  for (const [stream, all] of Object.entries(streams)) await takeIn(shared, stream, batch(all));
});
afterAll(() => {
  for (const close of closers) close();
});

const of = (database: IndexDatabase) => ({ database, dataDir: folder });
/** Each entry with a row of its own. */
const batch = (single: readonly Written[]) => ({
  ...{ single, blocks: [], count: single.length },
  position: { segment: 1, offset: 8, seq: single.at(-1)?.seq ?? 0, hash: "" },
});
function stream(first: number, ...all: Entry[]): Written[] {
  return all.map((entry, index) => ({ ...entry, seq: index + 1, time: first + index }));
}
function open(session: string, identity: Identity): Entry {
  const where = { resource: "orders", protocol: "rows", remote: "127.0.0.1:9", policy: "p1" };
  return { kind: "open", session, identity, ...where, rights: [] };
}
function hold(id: string, session: string, identity: Identity): Entry {
  const asked = { text: "update 100% of_it", actions: [action], by: "group leads", inTransaction: false };
  return {
    kind: "hold",
    hold: id,
    session,
    identity,
    resource: "orders",
    expires: 9,
    policy: "p1",
    digest: "d",
    ...asked,
  };
}
const reason = { code: "session.over", message: "Done." };
const streams = {
  "worker-0": stream(
    100,
    open("ses_1", alice),
    { kind: "operation", session: "ses_1", text: "select 1", actions: [], rules: ["r1"], policy: "p1" },
    { kind: "outcome", session: "ses_1", op: 2, outcome: { result: "ok" }, ms: 3 },
    {
      kind: "denied",
      session: "ses_1",
      text: "drop",
      actions: [action],
      policy: "p1",
      reason: { ...reason, rule: "r2" },
    },
    { kind: "close", session: "ses_1", reason, operations: 1 },
    open("ses_2", agent),
    hold("hold_1", "ses_2", agent),
  ),
  supervisor: stream(
    200,
    { kind: "abandoned", session: "ses_2", stream: "worker-0", hold: "hold_1", what: "hold" },
    { kind: "abandoned", session: "ses_2", stream: "worker-0", what: "session" },
  ),
};

const kinds = async (filter: Parameters<typeof queryAudit>[1]) =>
  (await queryAudit(of(shared), filter)).items.map(({ entry }) => entry.kind);

test("entries are found by session, identity, acting for, kind, text and time, newest first", async () => {
  expect(await kinds({ session: "ses_1" })).toEqual(["close", "denied", "outcome", "operation", "open"]);
  expect(await kinds({ identity: "agent-7" })).toEqual(["abandoned", "abandoned", "hold", "open"]);
  expect(await kinds({ identity: "alice", kind: ["hold", "open"] })).toEqual(["hold", "open", "open"]);
  expect(await kinds({ text: "100% OF_" })).toEqual(["hold"]);
  expect(await kinds({ since: 103, until: 105 })).toEqual(["close", "denied"]);
  const [denied] = (await queryAudit(of(shared), { kind: ["denied"] })).items;
  expect(denied).toMatchObject({ stream: "worker-0", identity: "alice", verdict: "denied" });
});

test("pages join without a gap or a repetition", async () => {
  const seen: string[] = [];
  let before: string | undefined;
  do {
    const page = await queryAudit(of(shared), { limit: 2, ...(before === undefined ? {} : { before }) });
    seen.push(...page.items.map(({ stream, entry }) => `${stream}/${entry.seq}`));
    before = page.next;
  } while (before !== undefined);
  const all = (await queryAudit(of(shared), {})).items.map(({ stream, entry }) => `${stream}/${entry.seq}`);
  expect(seen).toEqual(all);
  expect(new Set(all).size).toBe(9);
  expect(queryAudit(of(shared), { before: "x" })).rejects.toMatchObject({ code: "audit.cursor" });
});

test("sessions and holds end as the trail says, also by another stream's word", async () => {
  expect(await findSession(shared, "ses_1")).toMatchObject({ closedAt: 104, reason, operations: 1 });
  expect(await findSession(shared, "ses_2")).toMatchObject({
    closedAt: 201,
    reason: { code: "session.abandoned" },
  });
  expect(await pastHolds(shared, 10)).toMatchObject([{ id: "hold_1", how: "abandoned", endedAt: 200 }]);
  expect((await sessionEntries(of(shared), "ses_1")).entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
});

test("the order in which streams are read, the size of a batch and repetition change nothing", async () => {
  const other = await fresh();
  for (const [name, all] of Object.entries(streams).reverse()) {
    for (const entry of all) await takeIn(other, name, batch([entry]));
    await takeIn(other, name, batch(all));
  }
  for (const table of Object.values(indexTables)) {
    const sorted = async (database: IndexDatabase) =>
      (await database.select().from(table)).map((row) => JSON.stringify(row)).sort();
    expect(await sorted(other)).toEqual(await sorted(shared));
  }
});

test("a refused login is found by the id that its caller was given", async () => {
  const database = await fresh();
  const refused: Entry = {
    kind: "login-refused",
    protocol: "rows",
    remote: "127.0.0.1:9",
    id: "ref_1",
    check: "no",
  };
  const all = stream(1, refused, { ...refused, id: "ref_2" });
  await takeIn(database, "w", batch(all));
  const { items } = await queryAudit(of(database), { text: "ref_2", limit: 10 });
  expect(items.map(({ entry }) => entry.seq)).toEqual([2]);
});
