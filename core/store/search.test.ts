import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, asyncProperty, constantFrom, integer, option, record, uniqueArray } from "fast-check";
import { sampled } from "../../test/fuzz.ts";
import type { Identity } from "../identity.ts";
import type { Entry, Written } from "../trail/entry.ts";
import { follow } from "../trail/read.ts";
import { streams } from "../trail/streams.ts";
import { TrailRig } from "../trail/trail-rig.ts";
import { Indexer } from "./indexer.ts";
import { openIndexFile } from "./open.ts";
import { type AuditEntry, type AuditFilter, queryAudit, sessionEntries } from "./query.ts";
import { blocks, entries } from "./schema.ts";
import type { Searched } from "./search.ts";

const rig = new TrailRig();
const alice: Identity = { issuer: "local", subject: "alice", kind: "person", groups: [] };
const people = [alice, { ...alice, subject: "bob" }, { ...alice, subject: "agent", actingFor: alice }];
const closers: (() => unknown)[] = [];
let index: Searched;
/** All that the trail holds, as a reader of the segments alone sees it. */
let all: AuditEntry[];

beforeAll(async () => {
  for (const stream of ["a-w", "b-w"]) await write(stream);
  index = await indexed("index.db");
  const owners = new Map<string, { identity: string; resource: string; also?: string }>();
  all = streams(rig.dataDir).flatMap((stream) =>
    [...follow(rig.dataDir, stream)].map((entry) => {
      if (entry.kind === "open") {
        owners.set(entry.session, { identity: entry.identity.subject, resource: entry.resource });
      }
      const owner = "session" in entry ? owners.get(entry.session) : undefined;
      const verdict = entry.kind === "operation" ? "allowed" : entry.kind === "denied" ? "denied" : undefined;
      return { stream, ...owner, ...(verdict ? ({ verdict } as const) : {}), entry };
    }),
  );
  all.sort((a, b) => order(b) - order(a) || (a.stream < b.stream ? 1 : -1) || b.entry.seq - a.entry.seq);
  function order({ entry }: AuditEntry): number {
    return entry.time;
  }
});
afterAll(async () => {
  for (const close of closers) await close();
  rig.remove();
});

async function write(stream: string): Promise<void> {
  const trail = await rig.open(stream, { segmentBytes: 1 << 20 });
  const sessions = Array.from({ length: 12 }, (_, at) => `ses_${stream}${at}`);
  for (const [at, session] of sessions.entries()) {
    const of = { identity: people[at % 3]!, resource: at % 2 === 0 ? "orders" : "stock" };
    trail.append({ kind: "open", session, ...of, protocol: "rows", remote: "r", policy: "p", rights: [] });
  }
  const actions = [{ effect: "read", on: "*" }] as const;
  for (let op = 0; op < 3_000; op++) {
    // The first sessions ask in the first part only, so that not each block has each.
    const session = sessions[op < 1_500 ? op % 12 : 6 + (op % 6)]!;
    const asked: Entry = {
      ...{
        kind: "operation",
        session,
        text: `select '${"xyz"[op % 3]}' -- Nr ${op % 250} "Größe"\n`,
        actions,
      },
      ...{ rules: ["r"], policy: "p" },
    };
    const seq = trail.append(asked);
    trail.append({ kind: "outcome", session, op: seq, outcome: { result: "ok", rows: op }, ms: 0.5 });
    if (op % 400 === 0) {
      const reason = { code: "policy.denied", message: "No." };
      trail.append({ kind: "denied", session, text: "drop table GRÖSSE", actions: [], reason, policy: "p" });
      await trail.durable(trail.seq);
    }
  }
  await trail.close();
}

async function indexed(name: string): Promise<Searched> {
  const { database, close } = await openIndexFile(join(rig.dataDir, name));
  const indexer = new Indexer(database, rig.dataDir, { indexed() {}, read() {}, indexFailed() {} });
  closers.push(async () => {
    await indexer.stop();
    close();
  });
  await indexer.fresh();
  return { database, dataDir: rig.dataDir };
}

function naive({ limit = 100, before, ...filter }: AuditFilter): AuditEntry[] {
  const from = before === undefined ? 0 : 1 + all.findIndex((found) => before === placeOf(found));
  return all
    .slice(from)
    .filter((found) => fits(found, filter))
    .slice(0, limit);
}
function fits({ entry, identity, resource }: AuditEntry, filter: AuditFilter): boolean {
  const text = "text" in entry ? entry.text : undefined;
  return (
    (filter.session === undefined || ("session" in entry && entry.session === filter.session)) &&
    (filter.identity === undefined ||
      identity === filter.identity ||
      (identity === "agent" && filter.identity === "alice")) &&
    (filter.resource === undefined || resource === filter.resource) &&
    (filter.kind === undefined || filter.kind.includes(entry.kind)) &&
    (filter.text === undefined || (text?.toLowerCase().includes(filter.text.toLowerCase()) ?? false)) &&
    (filter.since === undefined || entry.time >= filter.since) &&
    (filter.until === undefined || entry.time < filter.until)
  );
}
const placeOf = ({ stream, entry: { time, seq } }: AuditEntry) => `${time}:${seq}:${stream}`;
const id = ({ stream, entry: { seq } }: { stream: string; entry: Written }) => `${stream}/${seq}`;

test("operations and outcomes have no row of their own, and there are several blocks", async () => {
  const kinds = await index.database.selectDistinct({ kind: entries.kind }).from(entries);
  expect(kinds.map(({ kind }) => kind)).not.toContain("operation");
  expect(kinds.map(({ kind }) => kind)).not.toContain("outcome");
  expect((await index.database.select().from(blocks)).length).toBeGreaterThan(3);
});

test("whatever is asked, the answer is what reading the whole trail gives", async () => {
  const maybe = <T>(...values: T[]) => option(constantFrom(...values), { nil: undefined, freq: 1 });
  const times = all.map(({ entry }) => entry.time);
  const time = maybe(...[0.1, 0.4, 0.5, 0.9].map((part) => times[Math.floor(part * times.length)]!));
  const filters = record({
    session: maybe("ses_a-w1", "ses_b-w8", "ses_none"),
    identity: maybe("alice", "bob", "agent", "nobody"),
    resource: maybe("orders", "stock"),
    kind: option(
      uniqueArray(constantFrom("open", "operation", "outcome", "denied", "checkpoint"), { minLength: 1 }),
      {
        nil: undefined,
      },
    ),
    text: maybe("SELECT 'y'", 'nr 17 "grö', "drop", "\n", "100%"),
    ...{ since: time, until: time },
    limit: integer({ min: 1, max: 300 }),
    before: maybe(...[5, 900, 7_000].map((at) => placeOf(all[at]!))),
  });
  await assert(
    asyncProperty(filters, async (drawn) => {
      const filter = Object.fromEntries(
        Object.entries(drawn).filter(([, value]) => value !== undefined),
      ) as AuditFilter;
      const page = await queryAudit(index, filter);
      const wanted = naive({ ...filter, limit: (filter.limit ?? 100) + 1 });
      expect(page.items.map(id)).toEqual(wanted.slice(0, filter.limit).map(id));
      expect(page.items.slice(0, 3)).toEqual(wanted.slice(0, Math.min(3, filter.limit ?? 100)));
      expect(page.next !== undefined).toBe(wanted.length > (filter.limit ?? 100));
      expect(page.unreadable).toBeUndefined();
    }),
    sampled(150),
  );
}, 30_000);

test("letters beyond ASCII are found in either case, in refused statements as in others", async () => {
  for (const text of ["GRÖSSE", "grösse", "Grösse"]) {
    const { items } = await queryAudit(index, { text, limit: 1000 });
    expect(items.map(({ entry }) => entry.kind)).toEqual(
      all.flatMap(({ entry: { kind } }) => (kind === "denied" ? [kind] : [])),
    );
  }
});

test("pages over blocks and rows join without a gap or a repetition", async () => {
  const seen: string[] = [];
  let before: string | undefined;
  do {
    const page = await queryAudit(index, { limit: 1000, ...(before === undefined ? {} : { before }) });
    seen.push(...page.items.map(id));
    before = page.next;
  } while (before !== undefined);
  expect(seen).toEqual(all.map(id));
});

test("a session's entries come oldest first", async () => {
  for (const session of ["ses_a-w0", "ses_b-w11"]) {
    const own = all.filter(({ entry }) => "session" in entry && entry.session === session).reverse();
    expect(await sessionEntries(index, session)).toEqual({
      entries: own.map(({ entry }) => entry),
      whole: true,
    });
  }
});

test("what was changed or removed since is missed by name, and the rest is there", async () => {
  const other = await indexed("other.db");
  const path = rig.segment("b-w");
  const whole = readFileSync(path);
  try {
    const changed = Buffer.from(whole);
    changed[changed.indexOf("Nr 100")] = 0x6e;
    writeFileSync(path, changed);
    const operations = (await queryAudit(other, { kind: ["operation"], limit: 1000, text: "nr 100 " })).items;
    expect(
      operations.every(({ entry }) => entry.kind === "operation" && entry.text.includes("-- Nr 100 ")),
    ).toBe(true);
    const page = await queryAudit(other, { kind: ["operation"], text: "nr 100 " });
    expect(page.unreadable).toEqual(["b-w"]);
    expect((await sessionEntries(other, "ses_b-w0")).whole).toBe(false);
    rmSync(path);
    const without = await queryAudit(other, { kind: ["operation"], text: "nr 100 " });
    expect(without.unreadable).toEqual(["b-w"]);
    expect(new Set(without.items.map(({ stream }) => stream))).toEqual(new Set(["a-w"]));
    expect((await queryAudit(other, { kind: ["open"] })).items).toHaveLength(24);
  } finally {
    writeFileSync(path, whole);
  }
});
