import { expect, test } from "bun:test";
import { writeDecimal } from "./decimal.ts";

test("a number is written as its text would be, and nothing beside it", () => {
  const into = Buffer.alloc(24, "#");
  const random = Array.from({ length: 200 }, (_, index) => Math.floor(Math.random() * 10 ** (index % 16)));
  for (const value of [
    0,
    1,
    9,
    10,
    99,
    100,
    1023,
    1024,
    2 ** 31,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    ...random,
  ]) {
    into.fill("#");
    const end = writeDecimal(into, 3, value);
    expect(into.toString("latin1", 0, end + 1)).toBe(`###${value}#`);
  }
});
