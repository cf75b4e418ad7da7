import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@libsql/client/sqlite3";
import { sql } from "drizzle-orm";
import { drizzle, type LibSQLDatabase } from "drizzle-orm/libsql";
import { migrate } from "drizzle-orm/libsql/migrator";
import * as index from "./schema.ts";
import * as shared from "./shared-schema.ts";

/** What gateways know together. */
export type Database = LibSQLDatabase<typeof shared>;
/** What one gateway finds its trail by. */
export type IndexDatabase = LibSQLDatabase<typeof index>;

export interface Opened<T> {
  readonly database: T;
  close(): void;
}

/** `path` is a file; the folder must exist. Brings the schema up to date. Blocks: for the store's thread. */
export async function openStoreFile(path: string): Promise<Opened<Database>> {
  const opened = await openFile(path, shared);
  await migrateStore(opened.database);
  return opened;
}

/** Of which form the index's tables are. A file of another form is made anew: all that is in it is in the trail. */
const indexLayout = 2;

/** The same for the index of the trail. */
export async function openIndexFile(path: string): Promise<Opened<IndexDatabase>> {
  let opened = await openFile(path, index);
  if (await isOfAnotherLayout(opened.database)) {
    opened.close();
    for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file, { force: true });
    opened = await openFile(path, index);
  }
  await migrate(opened.database, { migrationsFolder: join(import.meta.dir, "migrations", "index") });
  await opened.database.run(sql.raw(`pragma user_version = ${indexLayout}`));
  return opened;
}

async function isOfAnotherLayout(database: IndexDatabase): Promise<boolean> {
  const [tables] = await database.values<[number]>(sql`select count(*) from sqlite_master`);
  const [layout] = await database.values<[number]>(sql`pragma user_version`);
  return tables?.[0] !== 0 && layout?.[0] !== indexLayout;
}

export function migrateStore(database: Database): Promise<void> {
  return migrate(database, { migrationsFolder: join(import.meta.dir, "migrations", "shared") });
}

async function openFile<S extends Record<string, unknown>>(
  path: string,
  schema: S,
): Promise<Opened<LibSQLDatabase<S>>> {
  // One connection: the pragmas below belong to it, and local calls are synchronous anyway.
  const client = createClient({ url: `file:${path}`, concurrency: 1, timeout: 5_000 });
  for (const pragma of ["journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"]) {
    await client.execute(`PRAGMA ${pragma}`);
  }
  chmodSync(path, 0o600);
  return { database: drizzle(client, { schema }), close: () => client.close() };
}
