import { and, eq, getTableColumns, inArray, isNull, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { Written } from "../trail/entry.ts";
import type { Batch, Block } from "./follower.ts";
import type { IndexDatabase } from "./open.ts";
import { type EntryRow, entryRow, type Owner, ownerColumns } from "./row.ts";
import { blockSessions, blocks, entries, holds, positions, sessions } from "./schema.ts";

type Statement = BatchItem<"sqlite">;
type Of<K extends Written["kind"]> = Extract<Written, { kind: K }>;

/**
 * Takes what was read of one stream, in order, into the index: rows, what they mean for sessions and holds, blocks, and the
 * position after them, in one transaction. What is already in changes nothing.
 * Resolves with whose session an entry belongs to.
 */
export async function takeIn(
  database: IndexDatabase,
  stream: string,
  { single, blocks: read, position }: Batch,
): Promise<(entry: Written) => Owner | undefined> {
  const owners = await ownersOf(database, single);
  const rows = single.map((entry) => entryRow(stream, entry, ownerOf(entry, owners)));
  await database.batch([
    database
      .insert(positions)
      .values({ stream, position })
      .onConflictDoUpdate({ target: positions.stream, set: { position } }),
    ...(rows.length === 0 ? [] : [insertRows(database, rows)]),
    ...single.flatMap((entry) => effects(database, stream, entry)),
    ...read.flatMap((block) => insertBlock(database, stream, block)),
  ]);
  return (entry) => ownerOf(entry, owners);
}

/** One that is known already has grown. */
function insertBlock(database: IndexDatabase, stream: string, block: Block): Statement[] {
  const { first, last, position, earliest, latest, sessions: of } = block;
  const grown = { last, earliest, latest };
  return [
    database
      .insert(blocks)
      .values({ stream, first, position, ...grown })
      .onConflictDoUpdate({ target: [blocks.stream, blocks.first], set: grown }),
    database.run(
      sql`insert into ${blockSessions} (session, stream, first) select value, ${stream}, ${first} from json_each(${JSON.stringify(of)}) where true on conflict do nothing`,
    ),
  ];
}

const columns = Object.entries(getTableColumns(entries)) as [keyof EntryRow, { name: string }][];
const names = sql.join(
  columns.map(([, { name }]) => sql.identifier(name)),
  sql`, `,
);
const cells = sql.join(
  columns.map((_, at) => sql.raw(`value ->> ${at}`)),
  sql`, `,
);

/** One parameter for all rows: a parameter a cell costs three times the CPU. */
function insertRows(database: IndexDatabase, rows: readonly EntryRow[]): Statement {
  const json = JSON.stringify(rows.map((row) => columns.map(([key]) => row[key])));
  return database.run(
    sql`insert into ${entries} (${names}) select ${cells} from json_each(${json}) where true on conflict do nothing`,
  );
}

/** Identity and resource of every session that the batch mentions; streams are not read in step, so one may be missing. */
async function ownersOf(database: IndexDatabase, batch: readonly Written[]): Promise<Map<string, Owner>> {
  const owners = new Map<string, Owner>();
  const missing = new Set<string>();
  for (const entry of batch) {
    if (entry.kind === "open") owners.set(entry.session, entry);
    else if ("session" in entry && !owners.has(entry.session)) missing.add(entry.session);
  }
  if (missing.size === 0) return owners;
  const { id, identity, resource } = sessions;
  const known = await database
    .select({ id, identity, resource })
    .from(sessions)
    .where(inArray(id, [...missing]));
  for (const session of known) owners.set(session.id, session);
  return owners;
}

function ownerOf(entry: Written, owners: Map<string, Owner>): Owner | undefined {
  return "session" in entry ? owners.get(entry.session) : undefined;
}

function effects(database: IndexDatabase, stream: string, entry: Written): Statement[] {
  switch (entry.kind) {
    case "open":
      return opened(database, stream, entry);
    case "close": {
      const { reason, operations, recording, time: closedAt } = entry;
      const set = { reason, operations, recording: recording ?? null, closedAt };
      return [database.update(sessions).set(set).where(eq(sessions.id, entry.session))];
    }
    case "hold":
      return held(database, entry);
    case "hold-answered":
      return [database.update(holds).set({ approvedBy: entry.by }).where(eq(holds.id, entry.hold))];
    case "hold-ended": {
      const { how, by: endedBy, because, time: endedAt } = entry;
      const set = { how, endedBy: endedBy ?? null, because: because ?? null, endedAt };
      return [database.update(holds).set(set).where(eq(holds.id, entry.hold))];
    }
    case "abandoned":
      return entry.hold === undefined
        ? [abandonSession(database, entry.session)]
        : [abandonHold(database, entry.hold, entry.session)];
    default:
      return [];
  }
}

function opened(database: IndexDatabase, stream: string, entry: Of<"open">): Statement[] {
  const { session: id, identity, resource, protocol, remote, application, policy, time: openedAt } = entry;
  const { subject } = identity;
  const actingFor = identity.actingFor?.subject ?? null;
  return [
    database
      .insert(sessions)
      .values({
        id,
        stream,
        identity,
        subject,
        actingFor,
        resource,
        protocol,
        remote,
        application,
        policy,
        openedAt,
      })
      .onConflictDoNothing(),
    // Another stream may have said before that this session was abandoned.
    database
      .update(entries)
      .set({ ...ownerColumns(identity), resource })
      .where(and(eq(entries.session, id), isNull(entries.identity))),
    abandonSession(database, id),
  ];
}

function held(database: IndexDatabase, entry: Of<"hold">): Statement[] {
  const { hold: id, session, identity, resource, text, actions, parameters, types, findings, batch } = entry;
  const { inTransaction, by, approvers, digest, expires, time: openedAt } = entry;
  const shown = { text, actions, parameters, types, findings, batch, inTransaction, by, approvers, digest };
  return [
    database
      .insert(holds)
      .values({ id, session, identity, resource, ...shown, openedAt, expires })
      .onConflictDoNothing(),
    abandonHold(database, id, session),
  ];
}

const abandonedReason = {
  code: "session.abandoned",
  message: "The gateway process died, and the session with it.",
};

function abandonSession(database: IndexDatabase, id: string): Statement {
  const found = sql`from entries where session = ${id} and kind = 'abandoned' and json ->> 'what' = 'session'`;
  return database
    .update(sessions)
    .set({ closedAt: sql`(select min(time) ${found})`, reason: abandonedReason })
    .where(and(eq(sessions.id, id), isNull(sessions.closedAt), sql`exists (select 1 ${found})`));
}

function abandonHold(database: IndexDatabase, id: string, session: string): Statement {
  const found = sql`from entries where session = ${session} and kind = 'abandoned' and json ->> 'hold' = ${id}`;
  return database
    .update(holds)
    .set({ endedAt: sql`(select min(time) ${found})`, how: "abandoned" })
    .where(and(eq(holds.id, id), isNull(holds.endedAt), sql`exists (select 1 ${found})`));
}
