import { expect, test } from "bun:test";
import { ChainEnd } from "./chain-end.ts";
import { takeEnd, tellEnd } from "./chain-words.ts";
import { controlBytes, LogWords } from "./control.ts";

function words() {
  return { words: new Int32Array(new SharedArrayBuffer(controlBytes(2))), at: new LogWords(0) };
}

function end(seq: number): ChainEnd {
  const made = new ChainEnd("a-w0");
  made.take(seq, seq % 7, seq % 1000, Bun.SHA256.hash(String(seq)) as Uint8Array);
  return made;
}

test("the writer takes over what the recorder told last, and nothing that is behind it", () => {
  const { words: shared, at } = words();
  const mine = new ChainEnd("a-w0");
  takeEnd(shared, at, mine);
  expect(mine).toEqual(new ChainEnd("a-w0"));
  for (const seq of [3, 4, 9]) {
    tellEnd(shared, at, end(seq));
    takeEnd(shared, at, mine);
    expect(mine).toEqual(end(seq));
  }
  tellEnd(shared, at, end(8));
  takeEnd(shared, at, mine);
  expect(mine).toEqual(end(9));
});

test("the end of a segment that was copied before anything follows it is taken over with no entry gained", () => {
  const { words: shared, at } = words();
  const mine = end(9);
  const turned = end(9);
  turned.take(9, mine.segment + 1, 8, turned.hash);
  tellEnd(shared, at, turned);
  // What it left is staged over when the next one is full: it must never be looked for there.
  takeEnd(shared, at, mine);
  expect(mine).toEqual(turned);
});

test("sequence numbers beyond 32 bits", () => {
  const { words: shared, at } = words();
  const mine = new ChainEnd("a-w0");
  for (let seq = 2 ** 30; seq <= 2 ** 33; seq += 2 ** 30) {
    tellEnd(shared, at, end(seq));
    takeEnd(shared, at, mine);
    expect(mine).toEqual(end(seq));
  }
});

test("what is told of one log touches no other", () => {
  const { words: shared, at } = words();
  tellEnd(shared, at, end(5));
  const other = new LogWords(1);
  const mine = new ChainEnd("a-w0");
  takeEnd(shared, other, mine);
  expect(mine.seq).toBe(0);
  expect(Math.min(...Object.values(other))).toBeGreaterThan(at.linked + 2 * 11);
});
