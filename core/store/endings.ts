import { and, eq, gt, isNull, lt, or } from "drizzle-orm";
import { type Ended, type Ending, endedKey } from "../ending.ts";
import type { Database } from "./open.ts";
import { endings, seen } from "./shared-schema.ts";

/** An ending as the store has it; `seq` grows with every change, so that a reader can ask for what is new. */
export interface StoredEnding extends Ending {
  readonly seq: number;
}

/** No proof that we accept lives longer, so an ending that does not block may be forgotten after it. */
const keptMs = 31 * 24 * 3_600_000;

export async function addEnding(database: Database, ending: Ending): Promise<void> {
  await database.batch([
    database.insert(endings).values({ ...ending, key: endedKey(ending.of) }),
    database.delete(endings).where(and(lt(endings.at, ending.at - keptMs), or(eq(endings.blocks, false)))),
  ]);
}

/** Those that hold and came after `seq`, in order. */
export async function endingsSince(database: Database, seq: number): Promise<StoredEnding[]> {
  const rows = await database
    .select()
    .from(endings)
    .where(and(gt(endings.seq, seq), isNull(endings.liftedAt)))
    .orderBy(endings.seq);
  return rows.map(({ key: _key, liftedAt: _liftedAt, ...ending }) => ending);
}

/** Ids of blocking endings of this that were lifted by the call. */
export async function liftEndings(database: Database, of: Ended, now: number): Promise<string[]> {
  const lifted = await database
    .update(endings)
    .set({ liftedAt: now })
    .where(and(eq(endings.key, endedKey(of)), eq(endings.blocks, true), isNull(endings.liftedAt)))
    .returning({ id: endings.id });
  return lifted.map(({ id }) => id);
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
