import { and, eq, gt, isNull, like, lt, ne, or, sql } from "drizzle-orm";
import { type Ended, type Ending, endedKey, loginMs } from "../ending.ts";
import type { Database } from "./open.ts";
import { endings, seen } from "./shared-schema.ts";

/**
 * An ending as the store has it; `seq` grows with every change, also when it is lifted, so that a reader can
 * ask for what is new.
 */
export interface StoredEnding extends Ending {
  readonly seq: number;
  readonly lifted: boolean;
}

/** For how long one that is done with stays, so that every gateway hears of it. */
const keptMs = 24 * 3_600_000;

/** What it supersedes is removed, and so is what can refuse nothing any more. */
export async function addEnding(database: Database, ending: Ending): Promise<void> {
  const { id, at, blocks, by } = ending;
  const key = endedKey(ending.of);
  const superseded = and(
    ...[eq(endings.key, key), eq(endings.blocks, blocks), lt(endings.at, at + 1), ne(endings.id, id)],
    ...(blocks ? [eq(endings.by, by)] : []),
  );
  const once = or(like(endings.key, '["session",%'), like(endings.key, '["grant",%'));
  // An underscore stands for any character there, and what a provider calls its tokens could begin so.
  const issued = sql`substr(${endings.key}, 1, 18) = '["credential","pc_'`;
  const passing = and(or(like(endings.key, '["login",%'), issued), eq(endings.blocks, false));
  await database.batch([
    // An answer that was lost makes the gateway send it again.
    database
      .insert(endings)
      .values({ ...ending, key })
      .onConflictDoNothing({ target: endings.id }),
    database.delete(endings).where(and(superseded, isNull(endings.liftedAt))),
    database.delete(endings).where(and(once, lt(endings.at, at - keptMs))),
    database.delete(endings).where(and(passing, lt(endings.at, at - loginMs))),
    database.delete(endings).where(lt(endings.liftedAt, at - loginMs)),
  ]);
}

/** What changed after `seq`, in order. */
export async function endingsSince(database: Database, seq: number): Promise<StoredEnding[]> {
  const rows = await database.select().from(endings).where(gt(endings.seq, seq)).orderBy(endings.seq);
  return rows.map(({ key: _key, liftedAt, ...ending }) => ({ ...ending, lifted: liftedAt !== null }));
}

/** Ids of blocking endings of this, of everybody or of one alone, that were lifted by the call. */
export async function liftEndings(
  database: Database,
  of: Ended,
  now: number,
  by?: string,
): Promise<string[]> {
  const blocking = and(
    ...[eq(endings.key, endedKey(of)), eq(endings.blocks, true), isNull(endings.liftedAt)],
    ...(by === undefined ? [] : [eq(endings.by, by)]),
  );
  const found = await database.select({ id: endings.id }).from(endings).where(blocking);
  const lifted: string[] = [];
  for (const { id } of found) {
    const done = await database
      .update(endings)
      .set({ liftedAt: now, seq: sql`(select max(seq) + 1 from endings)` })
      .where(and(eq(endings.id, id), isNull(endings.liftedAt)))
      .returning({ id: endings.id });
    lifted.push(...done.map(({ id }) => id));
  }
  return lifted;
}

/** False: the key was there before. */
export async function firstSight(
  database: Database,
  key: string,
  until: number,
  now: number,
): Promise<boolean> {
  await database.delete(seen).where(lt(seen.until, now));
  const added = await database.insert(seen).values({ key, until }).onConflictDoNothing();
  return added.rowsAffected > 0;
}
