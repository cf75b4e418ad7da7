import { chmodSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@libsql/client/sqlite3";
import { drizzle, type LibSQLDatabase } from "drizzle-orm/libsql";
import { migrate } from "drizzle-orm/libsql/migrator";
import * as index from "./schema.ts";
import * as shared from "./shared-schema.ts";

const schema = { ...index, ...shared };

export type Database = LibSQLDatabase<typeof schema>;

/** `path` is a file; the folder must exist. Brings the schema up to date. Blocks: for the store's thread. */
export async function openDatabase(path: string): Promise<{ database: Database; close(): void }> {
  // One connection: the pragmas below belong to it, and local calls are synchronous anyway.
  const client = createClient({ url: `file:${path}`, concurrency: 1, timeout: 5_000 });
  for (const pragma of ["journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"]) {
    await client.execute(`PRAGMA ${pragma}`);
  }
  chmodSync(path, 0o600);
  const database = drizzle(client, { schema });
  await migrate(database, { migrationsFolder: join(import.meta.dir, "migrations") });
  return {
    database,
    close() {
      client.close();
    },
  };
}
