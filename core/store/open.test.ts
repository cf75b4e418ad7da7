import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { openIndexFile, openStoreFile } from "./open.ts";
import * as indexTables from "./schema.ts";
import * as sharedTables from "./shared-schema.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-open-"));
const index = await openIndexFile(join(folder, "index.db"));
const store = await openStoreFile(join(folder, "store.db"));
afterAll(() => {
  for (const { close } of [index, store]) close();
  rmSync(folder, { recursive: true });
});

async function expectTables(all: (query: ReturnType<typeof sql.raw>) => Promise<Column[]>, tables: object) {
  for (const table of Object.values(tables) as SQLiteTable[]) {
    const { name, columns } = getTableConfig(table);
    const made = await all(sql.raw(`pragma table_info(${name})`));
    expect(new Map(made.map((column) => [column.name, column.notnull === 1]))).toEqual(
      new Map(columns.map((column) => [column.name, column.notNull])),
    );
  }
}
interface Column {
  readonly name: string;
  readonly notnull: number;
}

test("the migrations make what the schemas say", async () => {
  await expectTables((query) => index.database.all(query), indexTables);
  await expectTables((query) => store.database.all(query), sharedTables);
});

test("neither file holds the other's tables", async () => {
  const names = sql`select name from sqlite_master where type = 'table'`;
  const [ofIndex, ofStore] = [await index.database.values(names), await store.database.values(names)];
  expect(ofStore.flat()).not.toContain("entries");
  expect(ofIndex.flat()).not.toContain("credentials");
});

test("the files are the owner's alone", () => {
  for (const name of ["index.db", "store.db"]) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

test("an index of an older form is made anew, so that the trail is read again", async () => {
  const path = join(folder, "older.db");
  const older = await openIndexFile(path);
  const position = { segment: 1, offset: 8, seq: 0, hash: "" };
  await older.database.insert(indexTables.positions).values({ stream: "s", position });
  older.close();
  const again = await openIndexFile(path);
  expect(await again.database.select().from(indexTables.positions)).toHaveLength(1);
  await again.database.run(sql.raw("pragma user_version = 0"));
  await again.database.run(sql.raw("drop table blocks"));
  again.close();
  const anew = await openIndexFile(path);
  expect(await anew.database.select().from(indexTables.positions)).toEqual([]);
  expect(await anew.database.select().from(indexTables.blocks)).toEqual([]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  anew.close();
});
