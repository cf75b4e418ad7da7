import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../../test/fuzz.ts";
import { classifyCommand } from "./index.ts";

const times = (text: string, count: number) => text.repeat(count);

// Each would take minutes, or the whole stack, where work grew faster than the text.
test.each([
  ["a megabyte", times("a ", 500_000)],
  ["subshells", `${times("(", 16_000)}id${times(")", 16_000)}`],
  ["substitutions", `${times("$(", 10_000)}id${times(")", 10_000)}`],
  ["backticks", times("`", 32_000)],
  ["quoted substitutions", `${times('"$(', 8_000)}id${times(')"', 8_000)}`],
  ["parameters", `${times("${x:-", 6_000)}id${times("}", 6_000)}`],
  ["braces", times("{a,", 10_000)],
  ["conditions", `${times("if a; then ", 2_900)}b${times("; fi", 2)}`],
  ["here-documents", times("a <<E\n", 5_000)],
  ["wrappers", `${times("nice ", 6_000)}id`],
  ["operators", times(";", 32_000)],
  ["many programs", Array.from({ length: 6_000 }, (_, index) => `a${index}`).join(";")],
  ["arithmetic", `df $((${times("1+(", 10_000)}`],
  ["case", times("case a in a) ", 2_500)],
])("%s: unknown, and soon", (_, text) => {
  expect(classifyCommand(text).some(({ effect }) => effect === "unknown")).toBe(true);
});

test.each([
  ["words", `df ${times("a ", 16_000)}`],
  ["quotes", `df ${times("'a'", 10_000)}`],
  ["brackets", `df ${times("[", 30_000)}`],
  ["globs", `df /${times("*a", 16_000)}`],
  ["pipes", `${times("df|", 10_000)}df`],
  ["comments", `df ${times("#", 32_000)}`],
  ["newlines", `df${times("\n", 32_000)}df`],
])("%s: long, and read", (_, text) => {
  expect(classifyCommand(text).some(({ effect }) => effect === "unknown")).toBe(false);
});

test("any text has an answer", () => {
  const letters = fc.constantFrom(..."ab $`\"'\\(){}[]<>|&;\n#=!~*?-/:0é\u00a0".split(""));
  fc.assert(
    fc.property(fc.string({ unit: letters, maxLength: 60 }), (text) => {
      expect(classifyCommand(text).length).toBeGreaterThan(0);
    }),
    sampled(5_000),
  );
});
