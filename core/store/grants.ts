import { and, desc, eq, getTableColumns, gt, isNull, type SQL, sql } from "drizzle-orm";
import type { Grant, GrantRequest } from "../grant.ts";
import type { Identity } from "../identity.ts";
import type { Database } from "./open.ts";
import { credentials, grantRequests, grants } from "./shared-schema.ts";

/** A request with what became of it; `how` absent: it waits, or ran out. */
export interface StoredRequest extends GrantRequest {
  readonly endedAt?: number;
  readonly how?: "approved" | "denied" | "expired" | "withdrawn";
}

export interface StoredGrant extends Grant {
  /** Ended before its time, or noted as over. */
  readonly endedAt?: number;
}

/** What is open now. */
export interface Standing {
  readonly requests: readonly StoredRequest[];
  /** Not ended yet, also where their time is over; each with the request that it was opened for. */
  readonly grants: readonly { readonly grant: Grant; readonly request: StoredRequest }[];
}

/** An approver's answer: it counts where `seen` approvals were there before, and the request still waits. */
export interface RequestAnswer {
  readonly id: string;
  readonly seen: number;
  readonly approved: readonly Identity[];
  /** Absent: it needs another approver still. */
  readonly how?: "approved" | "denied";
  readonly grant?: Grant;
}

/** `grant`: the glass was broken, and it is open at once. */
export async function addRequest(
  database: Database,
  request: GrantRequest,
  grant: Grant | undefined,
): Promise<void> {
  const ended = grant ? { endedAt: grant.from, how: "approved" as const } : {};
  const added = database.insert(grantRequests).values({ ...request, ...ended });
  await (grant ? database.batch([added, database.insert(grants).values(grant)]) : added);
}

/** False: somebody else was first, here or at another gateway. */
export async function answerRequest(
  database: Database,
  { id, seen, approved, how, grant }: RequestAnswer,
  now: number,
): Promise<boolean> {
  const waiting = and(
    eq(grantRequests.id, id),
    isNull(grantRequests.endedAt),
    gt(grantRequests.expires, now),
    sql`json_array_length(${grantRequests.approved}) = ${seen}`,
  );
  const taken = database
    .update(grantRequests)
    .set({ approved, ...(how === undefined ? {} : { how, endedAt: now }) })
    .where(waiting);
  if (!grant) return (await taken).rowsAffected > 0;
  // One batch is one transaction, on a server too; what it inserts depends on what it has just changed.
  const [result] = await database.batch([
    taken,
    database.insert(grants).select(sql`select ${valuesOf(grant)} where changes() > 0`),
  ]);
  return result.rowsAffected > 0;
}

/** In the order of the table's columns. */
function valuesOf(grant: StoredGrant): SQL {
  const columns = Object.entries(getTableColumns(grants));
  const values = columns.map(([name, column]) => {
    const value = grant[name as keyof StoredGrant];
    return value === undefined ? sql`null` : sql`${sql.param(value, column)}`;
  });
  return sql.join(values, sql`, `);
}

export async function standing(database: Database, now: number): Promise<Standing> {
  const [requests, open] = await database.batch([
    database
      .select()
      .from(grantRequests)
      .where(and(isNull(grantRequests.endedAt), gt(grantRequests.expires, now)))
      .orderBy(grantRequests.openedAt),
    database
      .select({ grant: grants, request: grantRequests })
      .from(grants)
      .innerJoin(grantRequests, eq(grantRequests.id, grants.request))
      .where(isNull(grants.endedAt))
      .orderBy(grants.from),
  ]);
  return {
    requests: requests.map(requestOf),
    grants: open.map(({ grant, request }) => ({ grant: grantOf(grant), request: requestOf(request) })),
  };
}

export async function findRequest(database: Database, id: string): Promise<StoredRequest | undefined> {
  const [row] = await database.select().from(grantRequests).where(eq(grantRequests.id, id));
  return row && requestOf(row);
}

/** Newest first. */
export async function pastRequests(database: Database, limit: number): Promise<StoredRequest[]> {
  const rows = await database.select().from(grantRequests).orderBy(desc(grantRequests.openedAt)).limit(limit);
  return rows.map(requestOf);
}

/** Newest first. */
export async function pastGrants(database: Database, limit: number): Promise<StoredGrant[]> {
  const rows = await database.select().from(grants).orderBy(desc(grants.from)).limit(limit);
  return rows.map(grantOf);
}

/** Also of the credentials that were issued under it. False: it has ended before, or never was. */
export async function endGrant(database: Database, id: string, now: number): Promise<boolean> {
  const [ended] = await database.batch([
    database
      .update(grants)
      .set({ endedAt: now })
      .where(and(eq(grants.id, id), isNull(grants.endedAt))),
    database
      .update(credentials)
      .set({ revokedAt: now })
      .where(and(eq(credentials.grant, id), isNull(credentials.revokedAt))),
  ]);
  return ended.rowsAffected > 0;
}

function requestOf(row: typeof grantRequests.$inferSelect): StoredRequest {
  const { because, ticket, endedAt, how, ...rest } = row;
  return {
    ...rest,
    ...(because === null ? {} : { because }),
    ...(ticket === null ? {} : { ticket }),
    ...(endedAt === null ? {} : { endedAt }),
    ...(how === null ? {} : { how }),
  };
}

function grantOf(row: typeof grants.$inferSelect): StoredGrant {
  const { because, ticket, endedAt, ...rest } = row;
  return {
    ...rest,
    ...(because === null ? {} : { because }),
    ...(ticket === null ? {} : { ticket }),
    ...(endedAt === null ? {} : { endedAt }),
  };
}
