import { and, asc, desc, eq, gte, inArray, lt, or, type SQL, sql } from "drizzle-orm";
import type { Written } from "../trail/entry.ts";
import { BlockReader } from "./block-reader.ts";
import { type BlockRef, blocksFor } from "./blocks.ts";
import type { IndexDatabase } from "./open.ts";
import type { AuditEntry } from "./query.ts";
import { entries } from "./schema.ts";
import { compare, given, type Place, type Wanted } from "./wanted.ts";

/** The index, and the data folder with the segments that it points into. */
export interface Searched {
  readonly database: IndexDatabase;
  readonly dataDir: string;
}

export interface Found {
  readonly items: readonly AuditEntry[];
  /** Streams in which entries could not be read: their segments are not what was indexed. */
  readonly unreadable: readonly string[];
}

/**
 * Finds rows, and beside them the operations and outcomes that blocks tell of. Blocks are read one after the other, those
 * with the first entries first, until no other can have one that comes before what was found. Memory: `most` entries and a block.
 */
export async function search({ database, dataDir }: Searched, wanted: Wanted): Promise<Found> {
  const [rows, refs] = await database.batch([rowsFor(database, wanted), blocksFor(database, wanted)]);
  const reader = new BlockReader(database, dataDir, wanted);
  const unreadable = new Set<string>();
  let items: AuditEntry[] = rows.map(({ stream, identity, resource, verdict, json }) => ({
    stream,
    ...(identity === null ? {} : { identity }),
    ...(resource === null ? {} : { resource }),
    ...(verdict === null ? {} : { verdict }),
    entry: JSON.parse(json) as Written,
  }));
  for (const ref of refs) {
    const last = items.length < wanted.most ? undefined : items.at(-1);
    if (last && comesAfter(ref, last.entry.time, wanted)) break;
    const { found, whole } = await reader.read(ref);
    if (!whole) unreadable.add(ref.stream);
    if (found.length > 0) items = merged(items, found, wanted);
    // The index goes on, and other queries get their turn.
    await new Promise(setImmediate);
  }
  return { items, unreadable: [...unreadable] };
}

/** All entries of the block come after whatever is of this time. */
function comesAfter(ref: BlockRef, time: number, { first }: Wanted): boolean {
  return first === "newest" ? ref.latest < time : ref.earliest > time;
}

/** Two lists in order become one. */
function merged(
  some: readonly AuditEntry[],
  more: readonly AuditEntry[],
  { first, most }: Wanted,
): AuditEntry[] {
  const sign = first === "newest" ? -1 : 1;
  const all: AuditEntry[] = [];
  for (let [at, next] = [0, 0]; all.length < most; ) {
    const [one, other] = [some[at], more[next]];
    if (!one && !other) break;
    const former = one && (!other || sign * compare(placeOf(one), placeOf(other)) < 0);
    if (former) at++;
    else next++;
    all.push((former ? one : other)!);
  }
  return all;
}

function placeOf({ stream, entry: { time, seq } }: AuditEntry): Place {
  return { time, stream, seq };
}

/** SQLite's `lower` knows ASCII alone: of other letters it has to be asked for both cases. */
function has(part: string): SQL | undefined {
  const spellings = new Set([part, part.toLowerCase(), part.toUpperCase()]);
  return or(...[...spellings].map((one) => sql`instr(lower(${entries.text}), lower(${one})) > 0`));
}

function rowsFor(database: IndexDatabase, { filter, first, most, after }: Wanted) {
  const { stream, seq, time, session, identity, actingFor, resource, verdict, kind, json } = entries;
  const order = first === "newest" ? desc : asc;
  return database
    .select({ stream, identity, resource, verdict, json })
    .from(entries)
    .where(
      and(
        given(filter.session, (id) => eq(session, id)),
        given(filter.identity, (subject) => or(eq(identity, subject), eq(actingFor, subject))),
        given(filter.resource, (name) => eq(resource, name)),
        given(filter.kind, (kinds) => inArray(kind, [...kinds])),
        given(filter.text, has),
        given(filter.since, (since) => gte(time, since)),
        given(filter.until, (until) => lt(time, until)),
        given(after, (place) =>
          first === "newest"
            ? sql`(${time}, ${stream}, ${seq}) < (${place.time}, ${place.stream}, ${place.seq})`
            : sql`(${time}, ${stream}, ${seq}) > (${place.time}, ${place.stream}, ${place.seq})`,
        ),
      ),
    )
    .orderBy(order(time), order(stream), order(seq))
    .limit(most);
}
