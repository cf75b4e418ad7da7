import { beforeAll, expect, test } from "bun:test";
import { isSpoiled, loadParser, parse, parseDefinition } from "./parse.ts";

beforeAll(loadParser);

test("a definition that nests deep enough to end the parser does not reach it, and a long one that does not is read", () => {
  const sum = (terms: number) => `SELECT ${"(".repeat(terms)}1${" + 1)".repeat(terms)} AS n`;
  const union = Array(20_000).fill("SELECT 1").join(" UNION ");
  for (const deep of [sum(20_000), `${sum(20_000).replaceAll("1", "')))'")}`, union]) {
    expect(() => parseDefinition(deep)).toThrow("too deep");
  }
  const wide = `SELECT ${Array(5_000).fill("(a + '(((')").join(", ")} FROM t`;
  expect(parseDefinition(wide)).toHaveLength(1);
  expect(parseDefinition(sum(900))).toHaveLength(1);
  expect(isSpoiled()).toBe(false);
});

test("an error in a text spoils nothing", () => {
  expect(() => parse("selec 1")).toThrow("syntax error");
  expect(parse("")).toEqual([]);
  expect(isSpoiled()).toBe(false);
});
