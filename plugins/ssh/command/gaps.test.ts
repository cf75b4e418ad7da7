import { expect, test } from "bun:test";
import { nothingBetween } from "./gaps.ts";

/** The words are what stands in angle brackets. */
function accepts(marked: string): boolean {
  const spans: { pos: number; end: number }[] = [];
  let source = "";
  for (const [, between = "", word = ""] of marked.matchAll(/([^<]*)(?:<([^>]*)>|$)/g)) {
    source += between;
    if (word) spans.push({ pos: source.length, end: source.length + word.length });
    source += word;
  }
  return nothingBetween(source, { pos: 0, end: source.length }, spans);
}

test.each([
  "<df> <-h>; <uptime>",
  "(<df>) | { <df>; } && ! <df> || <df> &",
  "if <a>; then <b>; elif <c>; then <d>; else <e>; fi",
  "for <i> in <a>; do <b>; done # done; and more",
  "case <a> in (<b>|<c>) <d>;; esac",
  "<df> \\\n <-h>\n# a comment\n<uptime>",
])("%s: every word was read", (marked) => {
  expect(accepts(marked)).toBe(true);
});

test.each([
  "<df>; id",
  "id; <df>",
  "<df>#; <x>\nid",
  "<df> $(id)",
  "<df> `id`",
  "<df> 'x'",
  "<df> ; > <x>",
  "<df> thenid <x>",
  "<df> [[ <x>",
  "<df> \\; <x>",
])("%s: a word was not read", (marked) => {
  expect(accepts(marked)).toBe(false);
});

test("words that overlap were read wrongly", () => {
  expect(
    nothingBetween("ab", { pos: 0, end: 2 }, [
      { pos: 0, end: 2 },
      { pos: 1, end: 2 },
    ]),
  ).toBe(false);
});
