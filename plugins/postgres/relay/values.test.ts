import { expect, test } from "bun:test";
import { array, assert, integer, oneof, option, property, string, uint8Array } from "fast-check";
import { sampled } from "../../../test/fuzz.ts";
import { bind, sync } from "../wire/query.ts";
import { Bound } from "./parameters.ts";
import { writeValues } from "./values.ts";

const into = Buffer.alloc(256);

/** Between other messages, as it arrives. */
function written(message: Buffer, to: Buffer, at = 0): number {
  const chunk = Buffer.concat([sync, message, sync]);
  return writeValues(chunk, sync.length, sync.length + message.length, to, at);
}

function listOf(message: Buffer, at = 0): unknown {
  const end = written(message, into, at);
  return end === -1 ? undefined : JSON.parse(into.toString("utf8", at, end));
}

test("values of plain text, and NULL, as a list", () => {
  expect(listOf(bind("", "s", []))).toEqual([]);
  expect(listOf(bind("a portal", "s", ["1", null, "", "it's {x}"]), 7)).toEqual(["1", null, "", "it's {x}"]);
});

test("what needs another way says so: binary, escapes, beyond ASCII, too long, too many", () => {
  for (const value of ['a"b', "a\\b", "a\nb", "é", "\x7f", "x".repeat(300), Buffer.from("12")]) {
    expect(written(bind("", "s", ["1", value]), into)).toBe(-1);
  }
  expect(written(bind("", "s", new Array(65).fill("1")), Buffer.alloc(1024))).toBe(-1);
});

test("where it writes a list, that is what is read one by one; nothing beyond its room is written", () => {
  const value = option(oneof(string({ maxLength: 12 }), string({ unit: "grapheme", maxLength: 4 })));
  assert(
    property(array(value, { maxLength: 8 }), integer({ min: 0, max: 60 }), (values, room) => {
      const message = bind("", "s", values);
      const small = Buffer.alloc(room + 4, 0xee);
      const end = written(message, small.subarray(0, room));
      expect(small.subarray(room).every((byte) => byte === 0xee)).toBe(true);
      if (end === -1) return;
      const read = new Bound(message, 0, message.length, []);
      const list = JSON.parse(small.toString("utf8", 0, end)) as unknown[];
      expect(list).toEqual(Array.from({ length: read.length }, (_, index) => read.at(index)));
    }),
    sampled(500),
  );
});

test("no message makes it read or write beyond its end", () => {
  assert(
    property(uint8Array({ maxLength: 40 }), (body) => {
      const message = Buffer.concat([Buffer.from("B\0\0\0\0"), body]);
      const end = written(message, into);
      if (end !== -1) expect(Array.isArray(JSON.parse(into.toString("utf8", 0, end)))).toBe(true);
    }),
    sampled(500),
  );
});
