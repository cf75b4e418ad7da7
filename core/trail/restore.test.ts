import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { LogWords } from "./control.ts";
import { follow } from "./read.ts";
import { restoreStream, restoreStreams } from "./restore.ts";
import { frameBytes, headerBytes } from "./segment.ts";
import { staged, stageName } from "./stage.ts";
import { outcome, TrailRig } from "./trail-rig.ts";
import { verifyTrail } from "./verify.ts";

const stream = "a-w0";
let rig: TrailRig;
beforeEach(() => {
  rig = new TrailRig();
});
afterEach(() => rig.remove());

const stage = (segment: number) => join(rig.dataDir, "trail", stream, stageName(segment));

/** A stream whose recorder stopped copying after `copied` outcomes, and whose writer went on for `more`. */
async function stopped(copied: number, more: number): Promise<number> {
  const trail = await rig.open(stream);
  for (let op = 1; op <= copied; op++) trail.append(outcome(op));
  await trail.durable(trail.seq);
  const { ready } = new LogWords(0);
  while (Atomics.load(trail.threads.words, ready) < 2) await Bun.sleep(1);
  await trail.threads.kill(0);
  for (let op = 1; op <= more; op++) trail.append(outcome(copied + op));
  const { seq } = trail;
  await trail.close();
  return seq;
}

function read(): readonly number[] {
  const reader = follow(rig.dataDir, stream);
  const seqs = [...reader].map(({ seq }) => seq);
  reader.close();
  return seqs;
}

const inSegment = () => rig.frames(stream).map(({ entry }) => entry.seq);
const upTo = (seq: number) => Array.from({ length: seq }, (_, index) => index + 1);

function change(path: string, at: number, bytes: Uint8Array): void {
  const fd = openSync(path, "r+");
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

test("what no recorder copied any more is in the segments afterwards, whole and once", async () => {
  const last = await stopped(20, 30);
  expect(inSegment().length).toBeLessThan(last);
  expect(read()).toEqual(upTo(last));
  expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);
  restoreStreams(rig.dataDir);
  expect(inSegment()).toEqual(upTo(last));
  expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);
  expect([1, 2].map((segment) => existsSync(stage(segment)))).toEqual([false, false]);
  restoreStream(rig.dataDir, stream);
  expect(read()).toEqual(upTo(last));
});

test("also where the writer had gone on in the next segment", async () => {
  const last = await stopped(20, 600);
  expect(staged(readFileSync(stage(2))).segment).toBe(2);
  expect(read()).toEqual(upTo(last));
  restoreStream(rig.dataDir, stream);
  expect(read()).toEqual(upTo(last));
  expect(rig.frames(stream, 2).length).toBeGreaterThan(10);
  expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);
});

test("a copy that was cut short in the middle is written again", async () => {
  const last = await stopped(20, 30);
  const had = inSegment().length;
  const { frames } = staged(readFileSync(stage(1)));
  const next = rig.frames(stream).at(-1)!;
  const at = next.offset + ((4 + next.length + 3) & ~3);
  // All but the first length word, and not to the end.
  change(rig.segment(stream), at + 4, frames.subarray(at + 4, at + 700));
  expect(inSegment()).toEqual(upTo(had));
  restoreStream(rig.dataDir, stream);
  expect(read()).toEqual(upTo(last));
});

test("of a stage that a power cut left with anything in it, only whole entries that follow are taken", async () => {
  const last = await stopped(20, 30);
  const had = inSegment().length;
  const whole = readFileSync(stage(1));
  const durable = readFileSync(rig.segment(stream));
  const { frames } = staged(whole);
  for (let damaged = headerBytes; damaged < frames.length; damaged += 97) {
    const bytes = Buffer.from(whole);
    bytes[damaged]! ^= 0x55;
    writeFileSync(stage(1), bytes);
    writeFileSync(rig.segment(stream), durable);
    restoreStream(rig.dataDir, stream);
    const seqs = read();
    expect(seqs).toEqual(upTo(seqs.length));
    expect(seqs.length).toBeGreaterThanOrEqual(had);
    expect(seqs.length).toBeLessThanOrEqual(last);
    expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);
  }
});

/** Where each frame of a stage begins. */
function framesOf(bytes: Buffer): readonly { at: number; frame: Buffer }[] {
  const { frames } = staged(bytes);
  const found = [];
  for (let at = headerBytes; at < frames.length; ) {
    const size = frameBytes(frames.readInt32LE(at));
    found.push({ at, frame: Buffer.from(frames.subarray(at, at + size)) });
    at += size;
  }
  return found;
}

test("frames of a stage that changed places, or stand there twice, are taken up to there", async () => {
  await stopped(20, 30);
  const durable = readFileSync(rig.segment(stream));
  const whole = readFileSync(stage(1));
  const frames = framesOf(whole);
  const had = inSegment().length;
  for (const [from, to] of [
    [had + 4, had + 5],
    [had + 5, had + 4],
    [had - 5, had],
    [had + 9, had],
  ] as const) {
    const bytes = Buffer.from(whole);
    // Equally long: numbers of two digits.
    expect(frames[from]!.frame.length).toBe(frames[to]!.frame.length);
    frames[from]!.frame.copy(bytes, frames[to]!.at);
    writeFileSync(stage(1), bytes);
    writeFileSync(rig.segment(stream), durable);
    restoreStream(rig.dataDir, stream);
    expect(inSegment()).toEqual(upTo(to));
    expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);
  }
});

test("the stage of another stream is not taken, though its numbers and its place fit", async () => {
  await stopped(20, 30);
  const had = inSegment();
  const other = await rig.open("b-w0");
  for (let op = 1; op <= 50; op++) other.append(outcome(op));
  await other.durable(other.seq);
  writeFileSync(stage(1), readFileSync(stage(1).replace(stream, "b-w0")));
  restoreStream(rig.dataDir, stream);
  expect(inSegment()).toEqual(had);
  await other.close();
});

test("an end that was signed before it was chained verifies once it is restored, in the next segment too", async () => {
  const trail = await rig.open(stream);
  const { ready } = new LogWords(0);
  while (Atomics.load(trail.threads.words, ready) < 2) await Bun.sleep(1);
  await trail.threads.kill(0);
  for (let op = 1; op <= 710; op++) {
    trail.append(outcome(op));
    if (op % 50 === 0) trail.sign();
  }
  const { seq } = trail;
  trail.sign();
  await trail.close();
  const { streams } = verifyTrail(rig.dataDir, rig.publicKey);
  expect(streams).toMatchObject([{ signedTo: seq + 1 }]);
  restoreStream(rig.dataDir, stream);
  const restored = verifyTrail(rig.dataDir, rig.publicKey);
  expect(restored.findings).toEqual([]);
  expect(restored.streams).toMatchObject([{ signedTo: seq + 1 }]);
});

test("of a stage that was used before, nothing old is taken", async () => {
  await stopped(20, 30);
  const bytes = readFileSync(stage(1));
  const had = inSegment();
  // As after the first step of a new segment's beginning: its number stands, the rest is of the one before.
  for (const [segment, filled] of [
    [2, bytes.length],
    [1, headerBytes],
    [0, bytes.length],
  ] as const) {
    bytes.writeInt32LE(segment, 0);
    bytes.writeInt32LE(filled, 4);
    writeFileSync(stage(1), bytes);
    restoreStream(rig.dataDir, stream);
    expect(read()).toEqual(had);
  }
});

test("a stage that was being made is no reason to stop", async () => {
  await stopped(20, 30);
  const had = inSegment();
  for (const bytes of ["", "\0\0"]) {
    writeFileSync(stage(1), bytes);
    restoreStream(rig.dataDir, stream);
    expect(read()).toEqual(had);
    expect(existsSync(stage(1))).toBe(false);
  }
});

test("entries that somebody changed are not put right: verify has to find them", async () => {
  await stopped(20, 30);
  const { offset } = rig.frames(stream)[10]!;
  change(rig.segment(stream), offset + 60, Buffer.from("?"));
  const before = readFileSync(rig.segment(stream));
  restoreStream(rig.dataDir, stream);
  expect(readFileSync(rig.segment(stream)).equals(before)).toBe(true);
  expect(verifyTrail(rig.dataDir, rig.publicKey).ok).toBe(false);
});
