import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../test/fuzz.ts";
import { targetMatcher } from "./target.ts";

test.each([
  ["public.orders", "public.orders", true],
  ["public.orders", "public.orders2", false],
  ["public.orders", "Public.orders", false],
  ["public.*", "public.orders", true],
  ["public.*", "publicity", false],
  ["*.orders", "public.orders", true],
  ["*", "anything at all", true],
  ["a*a", "a", false],
  ["a*a", "aa", true],
  ["p*.*_log", "public.a_log", true],
  ["p*.*_log", "public.a_logs", false],
  ["*ab*ab*", "xaby", false],
  ["a.b", "axb", false],
  // What cannot be told is covered only by what covers everything it may be.
  ["public.orders", "*", false],
  ["public.*", "*", false],
  ["*", "*", true],
  ["public.*", "public.*", true],
  ["public.a*", "public.*", false],
])("%s against %s: %p", (pattern, target, expected) => {
  expect(targetMatcher([pattern])(target)).toBe(expected);
});

test("nothing at all is covered by every pattern", () => {
  expect(targetMatcher(["public.releases"])("(none)")).toBe(true);
  expect(targetMatcher(["public.*"])("(none)")).toBe(true);
});

test("several patterns are alternatives", () => {
  const matches = targetMatcher(["a", "b.*"]);
  expect(["a", "b.c", "c"].map(matches)).toEqual([true, true, false]);
});

test("agrees with a regular expression", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 8 });
  fc.assert(
    fc.property(letters, letters, (pattern, target) => {
      const source = pattern
        .split("*")
        .map((piece) => piece.replaceAll(".", "\\."))
        .join("[^]*");
      expect(targetMatcher([pattern])(target)).toBe(new RegExp(`^${source}$`).test(target));
    }),
    sampled(2_000),
  );
});
