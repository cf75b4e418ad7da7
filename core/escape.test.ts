import { expect, test } from "bun:test";
import { sequenceEnd } from "./escape.ts";

const end = (text: string, at = 0) => sequenceEnd(Buffer.from(text), at);

test("a sequence ends with its last byte", () => {
  expect(end("\x1b[31mred")).toBe(5);
  expect(end("\x1b[?1049hx")).toBe(8);
  expect(end("\x1b[1 qx")).toBe(5);
  expect(end("\x1b(Bx")).toBe(3);
  expect(end("\x1b7x")).toBe(2);
  expect(end("\x1b]0;title\x07x")).toBe(10);
  expect(end("\x1b]0;title\x1b\\x")).toBe(11);
  expect(end("\x1bPq#0\x07;\x1b\\x")).toBe(9);
});

test("one that has not come whole has no end", () => {
  for (const whole of ["\x1b[31m", "\x1b(B", "\x1b]0;t\x1b\\", "\x1bPq\x1b\\"]) {
    for (let length = 1; length < whole.length; length++) expect(end(whole.slice(0, length))).toBeUndefined();
  }
});

test("what breaks one off is no part of it", () => {
  expect(end("\x1b[31\n")).toBe(4);
  expect(end("\x1b[3é")).toBe(3);
  expect(end("\x1b]0;t\x1b[31m")).toBe(5);
  expect(end("\x1b]0;t\x18x")).toBe(6);
  expect(end("\x1b\x1b[1m")).toBe(1);
});
