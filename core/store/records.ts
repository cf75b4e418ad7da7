import { and, asc, count, eq, gte, lt } from "drizzle-orm";
import type { Database } from "./open.ts";
import { records } from "./shared-schema.ts";

/** Some of many, and how many there are. */
export interface RecordPage {
  readonly total: number;
  readonly values: readonly string[];
}

export async function findRecord(database: Database, key: string): Promise<string | undefined> {
  const row = await database.query.records.findFirst({ where: eq(records.key, key) });
  return row?.value;
}

/** False: there is one under this key, which stays as it is. */
export async function addRecord(database: Database, key: string, value: string): Promise<boolean> {
  const added = await database.insert(records).values({ key, value }).onConflictDoNothing();
  return added.rowsAffected > 0;
}

export async function putRecord(database: Database, key: string, value: string): Promise<void> {
  await database
    .insert(records)
    .values({ key, value })
    .onConflictDoUpdate({ target: records.key, set: { value } });
}

export async function removeRecord(database: Database, key: string): Promise<boolean> {
  const removed = await database.delete(records).where(eq(records.key, key));
  return removed.rowsAffected > 0;
}

/** Those whose key begins with `prefix`, in the order of their keys. */
export async function pageOfRecords(
  database: Database,
  prefix: string,
  skip: number,
  take: number,
): Promise<RecordPage> {
  const within = and(gte(records.key, prefix), lt(records.key, `${prefix}\u{10ffff}`));
  const [all] = await database.select({ total: count() }).from(records).where(within);
  const rows = await database
    .select()
    .from(records)
    .where(within)
    .orderBy(asc(records.key))
    .limit(take)
    .offset(skip);
  return { total: all?.total ?? 0, values: rows.map(({ value }) => value) };
}
