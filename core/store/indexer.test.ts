import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry } from "../trail/entry.ts";
import { openTrail } from "../trail/open.ts";
import type { StreamTrail } from "../trail/stream-trail.ts";
import { Indexer } from "./indexer.ts";
import { type IndexDatabase, openIndexFile } from "./open.ts";
import { entries, holds, positions, sessions } from "./schema.ts";

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function folder(): string {
  const dataDir = mkdtempSync(join(tmpdir(), "postern-index-"));
  closers.push(() => rmSync(dataDir, { recursive: true }));
  return dataDir;
}

async function trail(dataDir: string, stream: string): Promise<StreamTrail> {
  const opened = await openTrail({
    ...{
      dataDir,
      stream,
      role: "worker",
      strict: false,
      segmentBytes: 1 << 20,
      recordingSegmentBytes: 1 << 20,
    },
    onFault() {},
  });
  closers.push(() => opened.close());
  return opened;
}

async function index(dataDir: string, name = "index.db") {
  const { database, close } = await openIndexFile(join(dataDir, name));
  const failures: string[] = [];
  const indexer = new Indexer(database, dataDir, {
    indexed() {},
    read() {},
    indexFailed: (why) => failures.push(why),
  });
  closers.push(async () => {
    await indexer.stop();
    close();
  });
  return { database, indexer, failures };
}

function operation(session: string, text: string): Entry {
  return {
    kind: "operation",
    session,
    text,
    actions: [{ effect: "read", on: "*" }],
    rules: ["r"],
    policy: "p",
  };
}

async function tables(database: IndexDatabase): Promise<string[][]> {
  const all: string[][] = [];
  for (const table of [entries, sessions, holds, positions]) {
    all.push((await database.select().from(table)).map((row) => JSON.stringify(row)).sort());
  }
  return all;
}

test("a live stream is followed over its segments, and a rebuild gives the same", async () => {
  const dataDir = folder();
  const writer = await trail(dataDir, "one");
  const { database, indexer } = await index(dataDir);
  indexer.opened("one");
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 2_000; i++) {
      const seq = writer.append(operation("ses_1", `select ${round}.${i} -- ${"x".repeat(300)}`));
      if (i % 500 === 0) await writer.durable(seq);
    }
    await indexer.fresh();
    const [rows] = await tables(database);
    expect(rows).toHaveLength(writer.head.seq);
  }
  const before = await tables(database);
  await indexer.rebuild();
  expect(await tables(database)).toEqual(before);
});

test("an index that is opened again goes on where it was", async () => {
  const dataDir = folder();
  const writer = await trail(dataDir, "one");
  for (let i = 0; i < 10; i++) writer.append(operation("ses_1", `select ${i}`));
  const first = await index(dataDir);
  first.indexer.opened("one");
  await first.indexer.fresh();
  await first.indexer.stop();
  for (let i = 10; i < 20; i++) writer.append(operation("ses_1", `select ${i}`));
  const second = await index(dataDir);
  second.indexer.opened("one");
  await second.indexer.fresh();
  const fresh = await index(dataDir, "other.db");
  fresh.indexer.opened("one");
  await fresh.indexer.fresh();
  expect(await tables(second.database)).toEqual(await tables(fresh.database));
  expect(second.failures).toEqual([]);
});

test("a batch that cannot be written is read again, and nothing is missing then", async () => {
  const dataDir = folder();
  const writer = await trail(dataDir, "one");
  const { database, indexer, failures } = await index(dataDir);
  indexer.opened("one");
  for (let i = 0; i < 10; i++) writer.append(operation("ses_1", `select ${i}`));
  await database.run(
    "create trigger broken before insert on positions begin select raise(abort, 'disk'); end",
  );
  await indexer.fresh();
  expect(failures).toHaveLength(1);
  expect((await tables(database))[0]).toEqual([]);
  await database.run("drop trigger broken");
  await indexer.fresh();
  expect((await tables(database))[0]).toHaveLength(writer.head.seq);
});
