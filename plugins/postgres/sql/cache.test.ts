import { beforeAll, expect, test } from "bun:test";
import { Remembered, shapeOf, textsFor } from "./cache.ts";
import { classify, loadParser } from "./index.ts";
import { noMentions } from "./mentions.ts";
import { defaultSettings, nextSettings, settingChange } from "./settings.ts";
import { fromTold, toTold } from "./told.ts";

beforeAll(() => loadParser());

test("forgets what was not used for long, by count", () => {
  const cache = new Remembered<number>();
  cache.set("kept", 1);
  cache.set("forgotten", 2);
  for (let index = 0; index < 10_000; index++) {
    cache.set(`text ${index}`, index);
    if (index % 1000 === 0) expect(cache.get("kept")).toBe(1);
  }
  expect(cache.get("forgotten")).toBeUndefined();
  expect(cache.get("text 9999")).toBe(9999);
  expect(cache.size).toBeLessThanOrEqual(4096);
});

test("forgets by size, and does not take what is too long", () => {
  const cache = new Remembered<number>();
  for (let index = 0; index < 400; index++) cache.set(`${index} ${"x".repeat(60_000)}`, index);
  expect(cache.size).toBeLessThan(150);
  cache.set("y".repeat(70_000), 1);
  expect(cache.get("y".repeat(70_000))).toBeUndefined();
});

test("what is known of a text counts too, and much of it is not kept", () => {
  const cache = new Remembered<number>((value) => value);
  for (let index = 0; index < 400; index++) cache.set(`${index}`, 100_000 + index);
  expect(cache.size).toBeLessThan(100);
  cache.set("heavy", 1 << 20);
  expect(cache.get("heavy")).toBeUndefined();
});

test("a large text is read once, under each of the settings it comes with", () => {
  const text = `select '${"x".repeat(200_000)}' from kept_large`;
  const first = classify(text);
  expect(classify(`${text}`)).toBe(first);
  const others = nextSettings(defaultSettings, settingChange("search_path", ["private"]).changes);
  const under = classify(text, others);
  expect(under).not.toBe(first);
  expect(classify(text, others)).toBe(under);
});

test("of large texts only a few are kept, and none that is a long list", () => {
  const text = (id: number) => `select '${id}${"x".repeat(500_000)}'`;
  const first = classify(text(1));
  for (let id = 2; id <= 25; id++) classify(text(id));
  expect(classify(text(1))).not.toBe(first);
  const list = `select ${Array.from({ length: 22_000 }, () => "a").join()}, 1`.padEnd(70_000);
  expect(classify(list)).not.toBe(classify(list));
});

test("a large text of many names without commas takes the room of what is known of them", () => {
  const terms = Array.from({ length: 500 }, (_, index) => `a${index} = b${index}`).join(" or ");
  const told = toTold(classify(`select a from kept_chain where ${terms}`));
  const { statements } = textsFor("select 'a'", defaultSettings);
  const large = (id: number) => `select a from kept_chain where ${terms} -- ${id} ${"x".repeat(60_000)}`;
  const keep = (id: number) =>
    statements.set(
      large(id),
      fromTold(large(id), told, async () => undefined),
    );
  keep(0);
  expect(statements.get(large(0))).toBeDefined();
  // By its length alone twice as many fit.
  for (let id = 1; id <= 50; id++) keep(id);
  expect(statements.get(large(0))).toBeUndefined();
});

test("a megabyte of spaces is looked at once", () => {
  const nothing = { actions: [], uses: [], statements: 0, mentions: noMentions, lineage: () => undefined };
  let read = 0;
  for (const spaces of [4000, 1 << 20]) {
    const text = `select${" ".repeat(spaces)}'`;
    shapeOf(text, textsFor(text, defaultSettings), () => {
      read += 1;
      return nothing;
    });
  }
  expect(read).toBe(2);
});

test("of texts that share a shape a few are kept, and each of them is one object while it is", () => {
  const text = (id: number) => `select a from kept_by_shape where id = ${id}`;
  const first = classify(text(1));
  for (let id = 2; id <= 100; id++) expect(classify(text(id)).detail).toBe(first.detail);
  expect(classify(text(1))).toBe(first);
  for (let id = 2; id <= 1000; id++) classify(text(id));
  const texts = textsFor(text(1), defaultSettings);
  expect(texts.statements.get(text(1))).toBeUndefined();
  expect(texts.statements.size).toBeLessThanOrEqual(256);
  expect(textsFor("select 'a'", defaultSettings)).not.toBe(texts);
});
