import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../test/fuzz.ts";
import { commandMatcher, targetMatcher } from "./target.ts";

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

test.each([
  ["df", "df", true],
  ["df", "df -h", false],
  ["df *", "df -h", true],
  ["df *", "df -h /", true],
  ["df *", "df", false],
  ["*", "df -h /", true],
  ["cat /var/log/*", "cat /var/log/app", true],
  ["cat /var/log/*", "cat /var/log/app /etc/shadow", false],
  ["cat /var/log/*", "cat /etc/shadow /var/log/app", false],
  ["cat /var/log/*", "cat *", false],
  ["cat *", "cat *", true],
  ["cp * /backup/*", "cp a b /backup/c", true],
  ["cp * /backup/*", "cp a /backup/b /etc/c", false],
  ["cp * to * end", "cp to to to end", true],
  ["cp * to * end", "cp to end", false],
  ["public.*", "public.refresh", true],
  ["public.*", "(none)", true],
])("command %s against %s: %p", (pattern, target, expected) => {
  expect(commandMatcher([pattern])(target)).toBe(expected);
});

test("commands agree with a regular expression", () => {
  const words = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "*"), minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(words, words, (pattern, target) => {
      const source = pattern
        .map((one) => (one === "*" ? "[^ ]+( [^ ]+)*" : one.replaceAll("*", "[^ ]*")))
        .join(" ");
      const expected = new RegExp(`^${source}$`).test(target.join(" "));
      expect(commandMatcher([pattern.join(" ")])(target.join(" "))).toBe(expected);
    }),
    sampled(2_000),
  );
});
