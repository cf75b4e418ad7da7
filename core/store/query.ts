import { desc, eq, isNotNull } from "drizzle-orm";
import { PosternError } from "../error.ts";
import type { Written } from "../trail/entry.ts";
import type { IndexDatabase } from "./open.ts";
import { holds, sessions } from "./schema.ts";
import { type Searched, search } from "./search.ts";
import type { Place } from "./wanted.ts";

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
  /** Streams in which entries that may belong here could not be read: what `audit verify` says of them. */
  readonly unreadable?: readonly string[];
}

export type SessionRow = typeof sessions.$inferSelect;
export type HoldRow = typeof holds.$inferSelect;

/** Throws PosternError `audit.cursor` for a `before` that no page gave. */
export async function queryAudit(index: Searched, asked: AuditFilter): Promise<Page<AuditEntry>> {
  const { limit = 100, before, ...filter } = asked;
  const size = Math.min(Math.max(Math.trunc(limit), 1), 1000);
  const after = before === undefined ? {} : { after: placeOf(before) };
  const { items, unreadable } = await search(index, { filter, first: "newest", most: size + 1, ...after });
  const page = items.slice(0, size);
  const last = page.at(-1);
  return {
    items: page,
    ...(last && items.length > size ? { next: cursorOf(last) } : {}),
    ...(unreadable.length > 0 ? { unreadable } : {}),
  };
}

function cursorOf({ stream, entry: { time, seq } }: AuditEntry): string {
  return `${time}:${seq}:${stream}`;
}

function placeOf(cursor: string): Place {
  const match = /^(\d+):(\d+):(.+)$/.exec(cursor);
  if (!match) {
    throw new PosternError("audit.cursor", `"${cursor}" is no position in the audit.`, {
      hint: "Give `next` of the page before as it is.",
    });
  }
  const [, time, seq, stream = ""] = match;
  return { time: Number(time), seq: Number(seq), stream };
}

export interface SessionEntries {
  /** Oldest first, at most 10,000. */
  readonly entries: readonly Written[];
  /** False: some could not be read, as `Page.unreadable` says. */
  readonly whole: boolean;
}

export async function sessionEntries(index: Searched, session: string): Promise<SessionEntries> {
  const { items, unreadable } = await search(index, { filter: { session }, first: "oldest", most: 10_000 });
  return { entries: items.map(({ entry }) => entry), whole: unreadable.length === 0 };
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
