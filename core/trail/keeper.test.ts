import { expect, test } from "bun:test";
import { controlBytes, LogWords } from "./control.ts";
import { Keeper } from "./keeper.ts";

const withinMs = 5;

/** A keeper whose log has no segment: a flush takes no time but what the test says it began before. */
function keeper() {
  const words = new Int32Array(new SharedArrayBuffer(controlBytes(1)));
  const at = new LogWords(0);
  const options = { dir: "/nowhere", magic: "", segmentBytes: 64, withinMs, staged: false, seals: false };
  const kept = new Keeper(words, 0, options, () => undefined);
  const write = () => Atomics.add(words, at.written, 1);
  return { kept, write, ask: () => Atomics.store(words, at.asked, Atomics.load(words, at.written)) };
}

test("what nobody waits for is flushed in time for it to be durable within the limit", () => {
  const { kept, write } = keeper();
  expect(kept.due(1_000)).toBe(Number.POSITIVE_INFINITY);
  write();
  expect(kept.due(1_000)).toBe(withinMs);
  expect(kept.due(1_002)).toBe(withinMs - 2);
  expect(kept.due(1_005)).toBe(0);
});

test("a disk that takes longer is asked earlier, and what came during a flush counts from its beginning", () => {
  const { kept, write } = keeper();
  write();
  const began = performance.now() - 2;
  expect(kept.due(began - withinMs)).toBe(withinMs);
  kept.flush(began);
  write();
  // It took 2 ms at least: the next begins by then less.
  expect(kept.due(began)).toBeLessThanOrEqual(withinMs - 2);
  expect(kept.due(began)).toBeGreaterThan(0);
  expect(kept.due(began + withinMs - 2)).toBe(0);
});

test("a disk that takes longer than the limit is not left idle; a long flush is forgotten in time", () => {
  const { kept, write } = keeper();
  write();
  const began = performance.now() - 100;
  kept.flush(began);
  write();
  expect(kept.due(began)).toBe(0);
  for (let flush = 0; flush < 60; flush++) {
    kept.flush(performance.now());
    write();
  }
  expect(kept.due(performance.now())).toBeGreaterThan(withinMs / 2);
});

test("where somebody waits it is flushed at once", () => {
  const { kept, write, ask } = keeper();
  write();
  ask();
  expect(kept.due(1_000)).toBe(0);
});
