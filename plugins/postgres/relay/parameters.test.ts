import { expect, test } from "bun:test";
import type { Cursor } from "../../../core/plugin.ts";
import { bind, sync } from "../wire/query.ts";
import { Bound } from "./parameters.ts";

const binary = Buffer.from([1, 2, 3]);
const message = bind("", "s", ["one", null, binary]);

/** The message between others, `more` bytes of them. */
function boundIn(more: number): { chunk: Buffer; bound: Bound } {
  const chunk = Buffer.concat([sync, message, Buffer.alloc(more)]);
  const cursor = { view: chunk, at: sync.length, end: chunk.length } as Cursor;
  return { chunk, bound: Bound.at(cursor, message.length, []) };
}

const valuesOf = (bound: Bound) => Array.from({ length: bound.length }, (_, index) => bound.at(index));

test("values are read where they arrived, and a small message keeps no large chunk", () => {
  for (const more of [0, 100, 100_000]) {
    const { chunk, bound } = boundIn(more);
    expect(valuesOf(bound)).toEqual(["one", null, binary]);
    expect(bound.view.length).toBeLessThan(message.length + 1024);
    expect(bound.view === chunk).toBe(more < 512);
  }
});

test("who writes into a value does not change the message that is about to leave", () => {
  const { chunk, bound } = boundIn(0);
  (bound.at(2) as Buffer).fill(0xff);
  expect(chunk.subarray(sync.length, sync.length + message.length)).toEqual(message);
});

test("types that were told later make other values of the same message", () => {
  const { bound } = boundIn(0);
  expect(bound.types).toEqual(["", "", "(binary)"]);
  expect(bound.of(bound.oids)).toBe(bound);
  const told = bound.of([25, 23, 17]);
  expect(told.types).not.toEqual(bound.types);
  expect(told.at(0)).toBe("one");
});
