import { expect, test } from "bun:test";
import { mayBeSet } from "./environment.ts";

test("only names on the list may be set, by the default one too", () => {
  const names = [
    "LANG",
    "LC_ALL",
    "LC_TIME",
    "TERM",
    "LD_PRELOAD",
    "PATH",
    "LANGUAGE",
    "XLC_ALL",
    "BASH_ENV",
  ];
  expect(names.filter((name) => mayBeSet(name, "x"))).toEqual(["LANG", "LC_ALL", "LC_TIME", "TERM"]);
  expect(names.filter((name) => mayBeSet(name, "x", []))).toEqual([]);
  expect(names.filter((name) => mayBeSet(name, "x", ["PA*"]))).toEqual(["PATH"]);
});

test("a name or value that no shell would hold so is not set", () => {
  const anything = ["*"];
  expect(
    ["", "1A", "A B", "A=B", "BASH_FUNC_x%%", "A\n"].filter((name) => mayBeSet(name, "x", anything)),
  ).toEqual([]);
  expect(mayBeSet("A", "a\0b", anything)).toBe(false);
  expect(mayBeSet("A", "x".repeat(8193), anything)).toBe(false);
  expect(mayBeSet("A", "two\nlines", anything)).toBe(true);
});
