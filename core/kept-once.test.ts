import { expect, test } from "bun:test";
import { KeptOnce } from "./kept-once.ts";

test("one object for all that are equal, as long as not too many differ", () => {
  const kept = new KeptOnce<{ of: string }>(2);
  const first = { of: "first" };
  expect(kept.of("a", first)).toBe(first);
  expect(kept.of("a", { of: "a second one" })).toBe(first);
  const other = { of: "other" };
  expect(kept.of("b", other)).toBe(other);
  const third = { of: "third" };
  expect(kept.of("c", third)).toBe(third);
  const again = { of: "again" };
  expect(kept.of("a", again)).toBe(again);
});
