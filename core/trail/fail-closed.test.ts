import { afterAll, expect, test } from "bun:test";
import { bump, controlBytes, LogWords, TICK } from "./control.ts";
import type { Entry } from "./entry.ts";
import { AppendLog } from "./log.ts";
import { outcome, TrailRig } from "./trail-rig.ts";
import { Watermark } from "./watermark.ts";

const rig = new TrailRig();
afterAll(() => rig.remove());

const operation: Entry = { kind: "operation", session: "s", text: "q", actions: [], rules: [], policy: "1" };

test("the recorder dies: who waits is told, nothing new begins, what was begun may still end", async () => {
  const trail = await rig.open("a-w0");
  const op = trail.append(operation);
  await trail.durable(op);
  const recording = trail.record("ses_dead");
  await recording.event("begin", {});
  const told = trail.threads.kill(0);
  const waiting = trail.durable(trail.append(operation));
  await told;
  await expect(waiting ?? Promise.reject({ code: "trail.dead" })).rejects.toMatchObject({
    code: "trail.dead",
  });
  expect(rig.faults.map(({ error, session }) => [error.code, session])).toEqual([["trail.dead", undefined]]);
  expect(trail.status.state).toBe("dead");
  expect(() => trail.append(operation)).toThrow(expect.objectContaining({ code: "trail.dead" }));
  expect(trail.append(outcome(op))).toBeGreaterThan(op);
  await expect(trail.durable(trail.seq)!).rejects.toMatchObject({ code: "trail.dead" });
  await expect(recording.bytes(new Uint8Array(1)) as Promise<void>).rejects.toMatchObject({
    code: "trail.dead",
  });
  await trail.close();
  expect(() => trail.append(outcome(op))).toThrow(expect.objectContaining({ code: "trail.dead" }));
});

test("the recorder of the recordings dies: that is the end of the trail too", async () => {
  rig.faults.length = 0;
  const trail = await rig.open("d-w0");
  const recording = trail.record("ses_dead");
  await recording.event("begin", {});
  await trail.threads.kill(1);
  expect(rig.faults.map(({ error, session }) => [error.code, session])).toEqual([["trail.dead", undefined]]);
  expect(() => trail.append(operation)).toThrow(expect.objectContaining({ code: "trail.dead" }));
  await expect(recording.bytes(new Uint8Array(1)) as Promise<void>).rejects.toMatchObject({
    code: "trail.dead",
  });
  await trail.close();
});

test("a flush that fails is the end: the recorder says so and stops", async () => {
  rig.faults.length = 0;
  const trail = await rig.open("b-w0");
  // A segment that the recorder never made: its flush throws.
  Atomics.store(trail.threads.words, new LogWords(0).segment, 99);
  await expect(trail.durable(trail.append(operation))!).rejects.toMatchObject({ code: "trail.dead" });
  expect(rig.faults.map(({ error }) => error.code)).toEqual(["trail.dead"]);
  await trail.close();
});

/** A watermark over words that the test moves by hand, in place of a recorder. */
function watermark(limitMs: number) {
  const words = new Int32Array(new SharedArrayBuffer(controlBytes(1)));
  const mark = new Watermark(words, 0, limitMs);
  const flush = (count: number) => {
    Atomics.store(words, new LogWords(0).flushed, count);
    bump(words, TICK);
  };
  return { words, mark, flush };
}

test("a recorder without progress is late after the limit, not before, and no longer once it goes on", async () => {
  const { mark, flush } = watermark(1000);
  mark.appended(1, 5_000);
  const waiting = mark.durable(1, 5_000)!;
  mark.judge(6_000);
  expect(mark.late).toBe(false);
  mark.judge(6_001);
  expect(mark.late).toBe(true);
  await expect(waiting).rejects.toMatchObject({ code: "trail.late" });
  await expect(mark.durable(1, 6_002)!).rejects.toMatchObject({ code: "trail.late" });
  flush(1);
  mark.refresh(6_003);
  expect(mark.late).toBe(false);
  expect(mark.durable(1, 6_003)).toBeUndefined();
});

test("time without anything to flush does not count, and neither does a loop that was blocked", () => {
  const { mark, flush } = watermark(1000);
  mark.appended(1, 0);
  flush(1);
  mark.judge(10_000);
  expect(mark.late).toBe(false);
  mark.appended(2, 20_000);
  mark.judge(20_500);
  expect(mark.late).toBe(false);
  flush(2);
  mark.judge(99_000);
  expect(mark.late).toBe(false);
});

test("only those are let go whose entry is flushed", async () => {
  const { mark, flush } = watermark(1000);
  mark.appended(3, 0);
  const done: number[] = [];
  const waits = [3, 1, 2].map((seq) => mark.durable(seq, 0)!.then(() => done.push(seq)));
  flush(2);
  mark.refresh(1);
  await Promise.all(waits.slice(1));
  expect(done).toEqual([1, 2]);
  flush(3);
  mark.refresh(2);
  await waits[0];
  expect(mark.waiting).toBe(false);
});

test("one at work has an outcome, an operation and a checkpoint between two flushes; more is a crowd", () => {
  const { mark, flush } = watermark(1000);
  const after = (count: number) => {
    mark.appended(count, 0);
    flush(count);
    mark.refresh(0);
    return mark.crowded;
  };
  expect([3, 7, 9].map(after)).toEqual([false, true, false]);
});

test("sequence numbers beyond 32 bits", () => {
  const { words, mark } = watermark(1000);
  for (let seq = 2 ** 30; seq <= 2 ** 33; seq += 2 ** 30) {
    mark.appended(seq, 0);
    expect(mark.durable(seq, 0)).toBeDefined();
    Atomics.store(words, new LogWords(0).flushed, seq | 0);
    expect(mark.durable(seq, 0)).toBeUndefined();
    expect(mark.flushed).toBe(seq);
  }
});

test("a recording that fails ends no process where nobody listens", async () => {
  const trail = await rig.open("c-w0");
  const recording = trail.record("ses_unheard");
  await trail.threads.kill(0);
  const unheard: unknown[] = [];
  const hear = (why: unknown) => unheard.push(why);
  process.on("unhandledRejection", hear);
  void recording.event("operation", {});
  await Bun.sleep(5);
  process.off("unhandledRejection", hear);
  expect(unheard).toEqual([]);
  await trail.close();
});

test("a log that is closed takes nothing, though a segment stands ready", () => {
  const words = new Int32Array(new SharedArrayBuffer(controlBytes(1)));
  const log = new AppendLog(words, 0, "/nowhere", 64 << 10, 1, false);
  Atomics.store(words, new LogWords(0).ready, 2);
  log.close();
  expect(log.claim(8)).toBe(false);
});
