import { and, asc, desc, eq, exists, gte, lt, lte, or, type SQL, sql } from "drizzle-orm";
import { isOrdinary } from "../trail/glance.ts";
import type { IndexDatabase } from "./open.ts";
import { blockSessions, blocks, sessions } from "./schema.ts";
import { given, type Wanted } from "./wanted.ts";

/** A block as it was when a search began. */
export interface BlockRef {
  readonly stream: string;
  readonly first: number;
  readonly last: number;
  readonly earliest: number;
  readonly latest: number;
}

/** Blocks in which something may be, in the order in which to read them. */
export function blocksFor(database: IndexDatabase, { filter, first: from, after }: Wanted) {
  const { stream, first, last, earliest, latest } = blocks;
  const { session, identity, resource } = filter;
  const whose = session !== undefined || identity !== undefined || resource !== undefined;
  return database
    .select({ stream, first, last, earliest, latest })
    .from(blocks)
    .where(
      and(
        mayHave(filter) ? undefined : sql`false`,
        given(filter.since, (since) => gte(latest, since)),
        given(filter.until, (until) => lt(earliest, until)),
        given(after, ({ time }) => (from === "newest" ? lte(earliest, time) : gte(latest, time))),
        whose
          ? exists(sessionsOf(database, { stream: sql`${stream}`, first: sql`${first}` }, filter))
          : undefined,
      ),
    )
    .orderBy(...(from === "newest" ? [desc(latest)] : [asc(earliest)]));
}

/** Sessions that have entries in a block, of those that the filter means. */
export function sessionsOf(
  database: IndexDatabase,
  block: { readonly stream: string | SQL; readonly first: number | SQL },
  filter: Wanted["filter"],
) {
  const { subject, actingFor, resource } = sessions;
  return database
    .select({ session: blockSessions.session, subject, resource })
    .from(blockSessions)
    .leftJoin(sessions, eq(sessions.id, blockSessions.session))
    .where(
      and(
        sql`${blockSessions.stream} = ${block.stream}`,
        sql`${blockSessions.first} = ${block.first}`,
        given(filter.session, (id) => eq(blockSessions.session, id)),
        given(filter.identity, (name) => or(eq(subject, name), eq(actingFor, name))),
        given(filter.resource, (name) => eq(resource, name)),
      ),
    );
}

/** Whether an operation or an outcome can be meant: only an operation has a text. */
function mayHave({ kind, text }: Wanted["filter"]): boolean {
  return (
    kind === undefined || kind.some((each) => (text === undefined ? isOrdinary(each) : each === "operation"))
  );
}
