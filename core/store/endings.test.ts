import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ending } from "../ending.ts";
import { addEnding, endingsSince, firstSight, liftEndings } from "./endings.ts";
import { type Database, openStoreFile } from "./open.ts";
import { addRecord, findRecord, pageOfRecords, putRecord, removeRecord } from "./records.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function fresh(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), "postern-endings-"));
  const { database, close } = await openStoreFile(join(folder, "store.db"));
  closers.push(() => {
    close();
    rmSync(folder, { recursive: true });
  });
  return database;
}

let made = 0;
const ending = (of: Ending["of"], more: Partial<Ending> = {}): Ending => ({
  id: `end_${++made}`,
  at: 1_000 + made,
  of,
  blocks: false,
  reason: { code: "access.revoked", message: "Over." },
  by: "operator",
  ...more,
});
const alice = { kind: "identity", subject: "alice" } as const;
const ids = async (database: Database, seq = 0) =>
  (await endingsSince(database, seq)).map(({ id, lifted }) => (lifted ? `${id} lifted` : id));

test("a reader hears of each change once, of what was lifted as well", async () => {
  const database = await fresh();
  const [first, second] = [ending(alice, { blocks: true }), ending({ ...alice, issuer: "https://a" })];
  await addEnding(database, first);
  const [heard] = await endingsSince(database, 0);
  expect(heard).toEqual({ ...first, seq: expect.any(Number), lifted: false });
  await addEnding(database, second);
  expect(await ids(database, heard?.seq)).toEqual([second.id]);
  expect(await liftEndings(database, alice, 2_000)).toEqual([first.id]);
  expect(await liftEndings(database, alice, 2_000)).toEqual([]);
  expect(await ids(database, heard?.seq)).toEqual([second.id, `${first.id} lifted`]);
  const third = ending(alice);
  await addEnding(database, third);
  expect((await ids(database)).at(-1)).toBe(third.id);
});

test("whoever blocks lifts what is their own; without a name, everybody's", async () => {
  const database = await fresh();
  const [own, other] = [ending(alice, { blocks: true, by: "scim" }), ending(alice, { blocks: true })];
  for (const one of [own, other]) await addEnding(database, one);
  expect(await liftEndings(database, alice, 2_000, "scim")).toEqual([own.id]);
  expect(await liftEndings(database, alice, 2_000)).toEqual([other.id]);
});

test("a newer ending of the same takes an older one's place, and what refuses nothing any more goes", async () => {
  const database = await fresh();
  const day = 24 * 3_600_000;
  const login = { kind: "login", issuer: "https://a", session: "s1" } as const;
  for (const [of, at] of [
    [alice, 1],
    [login, 2],
    [{ kind: "session", id: "ses_1" } as const, 3],
    [{ kind: "credential", id: "pc_1" } as const, 3],
    [{ kind: "credential", id: "pcx1" } as const, 3],
    [{ ...alice, subject: "bob" } as const, 4],
  ] as const)
    await addEnding(database, ending(of, { at }));
  const blocking = ending(alice, { blocks: true, at: 5 });
  await addEnding(database, blocking);
  const last = ending(alice, { at: 40 * day });
  await addEnding(database, last);
  const left = await endingsSince(database, 0);
  expect(left.map(({ of, at }) => ({ of, at }))).toEqual([
    { of: { kind: "credential", id: "pcx1" }, at: 3 },
    { of: { ...alice, subject: "bob" }, at: 4 },
    { of: alice, at: 5 },
    { of: alice, at: 40 * day },
  ]);
});

test("a key is seen for the first time once, until it may be forgotten", async () => {
  const database = await fresh();
  const many = await Promise.all(Array.from({ length: 8 }, () => firstSight(database, "jti", 100, 1)));
  expect(many.filter(Boolean)).toHaveLength(1);
  expect(await firstSight(database, "jti", 200, 50)).toBe(false);
  expect(await firstSight(database, "jti", 300, 101)).toBe(true);
});

test("records are kept by key, added once, and paged in order", async () => {
  const database = await fresh();
  expect(await addRecord(database, "face user/b", "1")).toBe(true);
  expect(await addRecord(database, "face user/b", "2")).toBe(false);
  await putRecord(database, "face user/a", "3");
  await putRecord(database, "face user/b", "4");
  await putRecord(database, "face2 user/a", "5");
  await putRecord(database, "face name/a", "6");
  expect(await findRecord(database, "face user/b")).toBe("4");
  expect(await pageOfRecords(database, "face user/", 0, 1)).toEqual({ total: 2, values: ["3"] });
  expect(await pageOfRecords(database, "face user/", 1, 9)).toEqual({ total: 2, values: ["4"] });
  expect(await removeRecord(database, "face user/b")).toBe(true);
  expect(await removeRecord(database, "face user/b")).toBe(false);
});
