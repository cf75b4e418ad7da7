import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry } from "../trail/entry.ts";
import { openTrail } from "../trail/open.ts";
import type { StreamTrail } from "../trail/stream-trail.ts";
import { Indexer } from "./indexer.ts";
import { openIndexFile } from "./open.ts";
import { queryAudit } from "./query.ts";
import { entries, holds, positions, sessions } from "./schema.ts";
import type { Searched } from "./search.ts";

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
  return { database, dataDir, indexer, failures };
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

/** What the tables hold, and first of all entries that a search finds. */
async function contents({ database, dataDir }: Searched): Promise<string[][]> {
  const all: string[][] = [[]];
  let before: string | undefined;
  do {
    const page = await queryAudit(
      { database, dataDir },
      { limit: 1000, ...(before === undefined ? {} : { before }) },
    );
    all[0]?.push(...page.items.map((item) => JSON.stringify(item)));
    before = page.next;
  } while (before !== undefined);
  for (const table of [entries, sessions, holds, positions]) {
    all.push((await database.select().from(table)).map((row) => JSON.stringify(row)).sort());
  }
  return all;
}

test("a live stream is followed over its segments, and a rebuild gives the same", async () => {
  const dataDir = folder();
  const writer = await trail(dataDir, "one");
  const searched = await index(dataDir);
  const { indexer } = searched;
  indexer.opened("one");
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 2_000; i++) {
      const seq = writer.append(operation("ses_1", `select ${round}.${i} -- ${"x".repeat(300)}`));
      if (i % 500 === 0) await writer.durable(seq);
    }
    await indexer.fresh();
    const [found] = await contents(searched);
    expect(found).toHaveLength(writer.seq);
  }
  const before = await contents(searched);
  expect(await indexer.rebuild()).toBe(writer.seq);
  expect(await contents(searched)).toEqual(before);
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
  expect(await contents(second)).toEqual(await contents(fresh));
  expect(second.failures).toEqual([]);
});

test("a batch that cannot be written is read again, and nothing is missing then", async () => {
  const dataDir = folder();
  const writer = await trail(dataDir, "one");
  const searched = await index(dataDir);
  const { database, indexer, failures } = searched;
  indexer.opened("one");
  for (let i = 0; i < 10; i++) writer.append(operation("ses_1", `select ${i}`));
  await database.run(
    "create trigger broken before insert on positions begin select raise(abort, 'disk'); end",
  );
  await indexer.fresh();
  expect(failures).toHaveLength(1);
  expect((await contents(searched))[0]).toEqual([]);
  await database.run("drop trigger broken");
  await indexer.fresh();
  expect((await contents(searched))[0]).toHaveLength(writer.seq);
});

test("what rests is not looked at, what wakes it is read at once, and what ended meanwhile to its end", async () => {
  const dataDir = folder();
  const [one, two] = [await trail(dataDir, "a-w0"), await trail(dataDir, "b-w0")];
  const { database, indexer, failures } = await index(dataDir);
  const texts = async () =>
    (await contents({ database, dataDir }))[0]?.filter((line) => /text \d/.test(line)).length;
  const soon = async (count: number) => {
    while ((await texts()) !== count) await Bun.sleep(10);
  };
  indexer.opened("a-w0");
  indexer.opened("b-w0");
  one.append(operation("s", "text 1"));
  indexer.rests("a-w0", true);
  indexer.rests("b-w0", true);
  indexer.start();
  await soon(1);
  one.append(operation("s", "text 2"));
  await Bun.sleep(300);
  expect(await texts()).toBe(1);
  indexer.rests("a-w0", false);
  await soon(2);
  // Whoever does not rest is looked at, whatever the others do.
  one.append(operation("s", "text 3"));
  await soon(3);
  indexer.rests("a-w0", true);
  await Bun.sleep(300);
  await two.durable(two.append(operation("s", "text 4")));
  indexer.ended("b-w0");
  await soon(4);
  one.append(operation("s", "text 5"));
  await indexer.fresh();
  expect(await texts()).toBe(5);
  expect(failures).toEqual([]);
});

test("a rebuild that fails is made up for while every stream rests", async () => {
  const dataDir = folder();
  const writer = await trail(dataDir, "one");
  const searched = await index(dataDir);
  const { database, indexer } = searched;
  indexer.opened("one");
  writer.append(operation("ses_1", "select 1"));
  indexer.rests("one", true);
  indexer.start();
  const all = async () => (await contents(searched))[0]?.length;
  while ((await all()) !== writer.seq) await Bun.sleep(10);
  await Bun.sleep(300);
  await database.run(
    "create trigger broken before insert on positions begin select raise(abort, 'disk'); end",
  );
  await expect(indexer.rebuild()).rejects.toThrow();
  await database.run("drop trigger broken");
  while ((await all()) !== writer.seq) await Bun.sleep(10);
});
