import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { controlBytes, LogWords } from "./control.ts";
import { Keeper } from "./keeper.ts";
import { AppendLog } from "./log.ts";
import { segmentName, trailMagic } from "./segment.ts";

const withinMs = 5;

/** A keeper whose log has no segment: a flush takes no time but what the test says it began before. */
function keeper() {
  const words = new Int32Array(new SharedArrayBuffer(controlBytes(1)));
  const at = new LogWords(0);
  const options = {
    stream: "a-w0",
    dir: "/nowhere",
    magic: "",
    segmentBytes: 64,
    withinMs,
    staged: false,
    seals: false,
  };
  const kept = new Keeper(words, 0, options, () => undefined);
  const write = () => Atomics.add(words, at.written, 1);
  const isQuiet = () => Atomics.load(words, at.quiet) === 1;
  return { kept, write, isQuiet, ask: () => Atomics.store(words, at.asked, Atomics.load(words, at.written)) };
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

test("what came while the recorder was at something else was written then, not when it looked again", () => {
  const { kept, write } = keeper();
  expect(kept.due(1_000)).toBe(Number.POSITIVE_INFINITY);
  write();
  expect(kept.due(1_004)).toBe(withinMs - 4);
});

test("what the recorder is woken for was written just now", () => {
  const { kept, write } = keeper();
  expect(kept.due(1_000)).toBe(Number.POSITIVE_INFINITY);
  kept.slept();
  write();
  expect(kept.due(9_000)).toBe(withinMs);
});

test("after a flush the next frame is looked for in time, and wakes nobody; who finds none is woken again", () => {
  const { kept, write, isQuiet } = keeper();
  write();
  const began = performance.now();
  kept.flush(began);
  const rest = kept.due(began + 1);
  expect(rest).toBeLessThanOrEqual(withinMs - 1);
  expect(rest).toBeGreaterThan(0);
  expect(isQuiet()).toBe(false);
  write();
  expect(kept.due(began + 1)).toBe(rest);
  expect(kept.due(began + 1 + rest)).toBe(0);
  const again = performance.now();
  kept.flush(again);
  expect(kept.due(again + withinMs)).toBe(Number.POSITIVE_INFINITY);
  expect(isQuiet()).toBe(true);
});

test("a segment is made while its stage serves another, and is there as soon as the stage is free", () => {
  const dir = mkdtempSync(join(tmpdir(), "postern-keeper-"));
  // Made in three steps.
  const segmentBytes = 3 << 20;
  const words = new Int32Array(new SharedArrayBuffer(controlBytes(1)));
  const { ready } = new LogWords(0);
  const options = {
    stream: "a-w0",
    dir,
    magic: trailMagic,
    segmentBytes,
    withinMs,
    staged: true,
    seals: false,
  };
  const kept = new Keeper(words, 0, options, () => undefined);
  const log = new AppendLog(words, 0, dir, segmentBytes, 1, true);
  const work = () => {
    while (kept.work(performance.now()));
    return Atomics.load(words, ready);
  };
  const fill = () => {
    const { segment } = log;
    for (let payload = 1 << 20; log.segment <= Math.max(1, segment) && log.claim(payload); )
      log.commit(payload);
    return log.segment;
  };
  log.start();
  expect(work()).toBe(2);
  expect(log.claim(8)).toBe(true);
  expect(work()).toBe(2);
  expect(existsSync(join(dir, segmentName(3)))).toBe(true);
  expect(fill()).toBe(2);
  // Segment 1 is not copied yet.
  expect(work()).toBe(2);
  kept.flush(performance.now());
  expect(kept.work(performance.now())).toBe(true);
  expect(Atomics.load(words, ready)).toBe(3);
  expect(fill()).toBe(3);
  log.close();
  work();
  expect(kept.done).toBe(true);
  rmSync(dir, { recursive: true });
});

test("no segment is made for recordings while the trail takes room for one", () => {
  const dir = mkdtempSync(join(tmpdir(), "postern-keeper-"));
  const words = new Int32Array(new SharedArrayBuffer(controlBytes(2)));
  const [trail, recordings] = [new LogWords(0), new LogWords(1)];
  const options = { stream: "a-w0", dir, magic: "", segmentBytes: 64, withinMs, staged: false, seals: false };
  const kept = new Keeper(words, 1, options, () => undefined);
  Atomics.store(words, trail.short, 1);
  Atomics.store(words, recordings.wanted, 1);
  expect(kept.work(1_000)).toBe(false);
  // It looks again by itself.
  expect(kept.due(1_000)).toBeLessThan(100);
  Atomics.store(words, trail.short, 0);
  while (kept.work(2_000));
  expect(Atomics.load(words, recordings.ready)).toBe(1);
  rmSync(dir, { recursive: true });
});
