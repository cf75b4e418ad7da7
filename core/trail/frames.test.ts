import { afterAll, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Frames } from "./frames.ts";
import { END, frameBytes, headerBytes, segmentName, trailMagic } from "./segment.ts";
import { stageName } from "./stage.ts";

const dirs: string[] = [];
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true });
});

const bytes = 1 << 20;
/** More than a reader takes at once. */
const window = 256 << 10;

/** A log whose segment 1 is staged, and whose writer and recorder do only what the test says. */
function log() {
  const dir = mkdtempSync(join(tmpdir(), "postern-frames-"));
  dirs.push(dir);
  const content = Buffer.alloc(bytes);
  content.write(trailMagic, 0, "latin1");
  let end = headerBytes;
  const to = (name: string, part: Buffer, at: number) => {
    const fd = openSync(join(dir, name), "r+");
    writeSync(fd, part, 0, part.length, at);
    closeSync(fd);
  };
  writeFileSync(join(dir, segmentName(1)), content);
  writeFileSync(join(dir, stageName(1)), Buffer.alloc(bytes));
  const serve = (segment: number, filled: number) => {
    const words = Buffer.alloc(headerBytes);
    words.writeInt32LE(segment, 0);
    words.writeInt32LE(filled, 4);
    to(stageName(1), words, 0);
  };
  return {
    dir,
    write(length: number): void {
      content.writeInt32LE(length, end);
      content.fill("x", end + 4, end + 4 + length);
      to(stageName(1), content.subarray(end, end + frameBytes(length)), end);
      end += frameBytes(length);
      serve(1, end);
    },
    copy: () => to(segmentName(1), content, 0),
    /** The writer goes on in segments 2 and 3. */
    turnOver(): void {
      content.writeInt32LE(END, end);
      this.copy();
      serve(3, headerBytes);
    },
  };
}

test("a stage that was taken for another segment before a reader looked into it hides no frame", () => {
  const live = log();
  live.write(100);
  live.copy();
  const frames = new Frames(live.dir, trailMagic);
  expect(frames.next()?.payload.length).toBe(100);
  live.write(200);
  live.turnOver();
  expect(frames.next()?.payload.length).toBe(200);
  frames.close();
});

test("a stage that is gone by then hides none either", () => {
  const { dir, write, copy } = log();
  write(100);
  copy();
  const frames = new Frames(dir, trailMagic);
  expect(frames.next()?.payload.length).toBe(100);
  write(200);
  copy();
  rmSync(join(dir, stageName(1)));
  expect(frames.next()?.payload.length).toBe(200);
  expect(frames.next()).toBeUndefined();
  expect(frames.stop).toEqual({ at: "end" });
  frames.close();
});

test("a stage that is taken in the middle of a frame damages nothing: the segment has it", () => {
  const live = log();
  live.write(window - 40);
  live.write(5_000);
  const frames = new Frames(live.dir, trailMagic);
  expect(frames.next()?.payload.length).toBe(window - 40);
  live.turnOver();
  expect(frames.next()?.payload.length).toBe(5_000);
  expect(frames.next()).toBeUndefined();
  expect(frames.stop).toEqual({ at: "missing" });
  frames.close();
});
