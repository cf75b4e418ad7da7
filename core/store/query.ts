import { and, desc, eq, gte, inArray, isNotNull, lt, or, type SQL, sql } from "drizzle-orm";
import { PosternError } from "../error.ts";
import type { Written } from "../trail/entry.ts";
import type { IndexDatabase } from "./open.ts";
import { entries, holds, sessions } from "./schema.ts";

/** All that is given must match. Times are epoch milliseconds; `kind` any of these; `text` a part of the text. */
export interface AuditFilter {
  readonly session?: string;
  /** A subject, its own or that of whom it acts for. */
  readonly identity?: string;
  readonly resource?: string;
  readonly kind?: readonly string[];
  readonly text?: string;
  readonly since?: number;
  readonly until?: number;
  /** 1 to 1000, by default 100. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly before?: string;
}

export interface AuditEntry {
  readonly stream: string;
  readonly identity?: string;
  readonly resource?: string;
  readonly verdict?: "allowed" | "denied" | "held";
  /** As the trail has it. */
  readonly entry: Written;
}

export interface Page<T> {
  /** Newest first. */
  readonly items: readonly T[];
  /** Absent: there is nothing older. */
  readonly next?: string;
}

export type SessionRow = typeof sessions.$inferSelect;
export type HoldRow = typeof holds.$inferSelect;

/** Throws PosternError `audit.cursor` for a `before` that no page gave. */
export async function queryAudit(database: IndexDatabase, filter: AuditFilter): Promise<Page<AuditEntry>> {
  const limit = Math.min(Math.max(Math.trunc(filter.limit ?? 100), 1), 1000);
  const { stream, seq, time, identity, resource, verdict, json } = entries;
  const found = await database
    .select({ stream, seq, time, identity, resource, verdict, json })
    .from(entries)
    .where(and(...conditions(filter)))
    .orderBy(desc(time), desc(stream), desc(seq))
    .limit(limit + 1);
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map((row) => ({
      stream: row.stream,
      ...(row.identity === null ? {} : { identity: row.identity }),
      ...(row.resource === null ? {} : { resource: row.resource }),
      ...(row.verdict === null ? {} : { verdict: row.verdict }),
      entry: JSON.parse(row.json) as Written,
    })),
    ...(last && found.length > limit ? { next: `${last.time}:${last.seq}:${last.stream}` } : {}),
  };
}

function conditions(filter: AuditFilter): (SQL | undefined)[] {
  return [
    filter.session === undefined ? undefined : eq(entries.session, filter.session),
    filter.identity === undefined
      ? undefined
      : or(eq(entries.identity, filter.identity), eq(entries.actingFor, filter.identity)),
    filter.resource === undefined ? undefined : eq(entries.resource, filter.resource),
    filter.kind === undefined ? undefined : inArray(entries.kind, [...filter.kind]),
    filter.text === undefined
      ? undefined
      : sql`instr(lower(${entries.text}), ${filter.text.toLowerCase()}) > 0`,
    filter.since === undefined ? undefined : gte(entries.time, filter.since),
    filter.until === undefined ? undefined : lt(entries.time, filter.until),
    filter.before === undefined ? undefined : before(filter.before),
  ];
}

function before(cursor: string): SQL {
  const match = /^(\d+):(\d+):(.+)$/.exec(cursor);
  if (!match) {
    throw new PosternError("audit.cursor", `"${cursor}" is no position in the audit.`, {
      hint: "Give `next` of the page before as it is.",
    });
  }
  const [, time, seq, stream] = match;
  return sql`(${entries.time}, ${entries.stream}, ${entries.seq}) < (${Number(time)}, ${stream}, ${Number(seq)})`;
}

/** All entries of one session, oldest first. */
export async function sessionEntries(database: IndexDatabase, session: string): Promise<readonly Written[]> {
  const rows = await database
    .select({ json: entries.json })
    .from(entries)
    .where(eq(entries.session, session))
    .orderBy(entries.time, entries.stream, entries.seq)
    .limit(10_000);
  return rows.map(({ json }) => JSON.parse(json) as Written);
}

export function findSession(database: IndexDatabase, id: string): Promise<SessionRow | undefined> {
  return database.query.sessions.findFirst({ where: eq(sessions.id, id) });
}

/** Ended ones, newest first, at most 1000. */
export function pastSessions(database: IndexDatabase, limit: number): Promise<SessionRow[]> {
  return database
    .select()
    .from(sessions)
    .where(isNotNull(sessions.closedAt))
    .orderBy(desc(sessions.openedAt), desc(sessions.id))
    .limit(Math.min(limit, 1000));
}

/** Ended ones, newest first, at most 1000. */
export function pastHolds(database: IndexDatabase, limit: number): Promise<HoldRow[]> {
  return database
    .select()
    .from(holds)
    .where(isNotNull(holds.endedAt))
    .orderBy(desc(holds.openedAt), desc(holds.id))
    .limit(Math.min(limit, 1000));
}
