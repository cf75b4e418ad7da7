import { expect, test } from "bun:test";
import { lineOf } from "./statement.ts";

const isUnknown = (text: string) =>
  lineOf(text, undefined, true).statement.actions.some(({ effect }) => effect === "unknown");

test("a program alone on its line has the terminal for itself", () => {
  expect(lineOf("less /var/log/app", undefined, true).screen).toBe(true);
  expect(isUnknown("less /var/log/app")).toBe(false);
});

test("a line pasted behind it is judged in full", () => {
  const pasted = "less /var/log/app\ntar --to-command=id xf a.tar";
  expect(lineOf(pasted, undefined, true).screen).toBe(false);
  expect(isUnknown(pasted)).toBe(true);
});
