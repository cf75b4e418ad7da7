import { writeSync } from "node:fs";
import { join } from "node:path";
import { headerBytes, lengthBytes, type MappedSegment, mapFile } from "./segment.ts";

/**
 * Where the trail's frames are written first: a file of a segment's size and layout, mapped shared and never flushed.
 * What is stored in it outlives the process at once; the recorder copies it into the segment and flushes that. A mapped
 * segment that is flushed would be write-protected each time, and each page of it fault again.
 *
 * In place of a segment's magic stand two words: the number of the segment, and how far it is filled.
 */
export const stageCount = 2;
/** A segment's magic in the making: nothing is staged for any. */
export const stageMagic = "\0".repeat(headerBytes);
const segmentWord = 0;
const filledWord = 1;

/** Two take turns: one is used again once the recorder has all of it. */
export function stageName(segment: number): string {
  return `stage-${segment % stageCount}`;
}

/** The writer's side. */
export class Stage {
  readonly #files: (MappedSegment | undefined)[] = [];

  constructor(private readonly dir: string) {}

  /** Begins a segment. What an earlier one left behind its start counts for nothing. */
  begin(segment: number): MappedSegment {
    const which = segment % stageCount;
    this.#files[which] ??= mapFile(join(this.dir, stageName(segment)));
    const file = this.#files[which];
    Atomics.store(file.words, filledWord, headerBytes);
    Atomics.store(file.words, segmentWord, segment);
    return file;
  }
}

/** All before this place is whole. From here on it outlives the process. */
export function filled({ words }: MappedSegment, to: number): void {
  Atomics.store(words, filledWord, to);
}

/** The two words of a stage. */
export function stageWords(stage: Buffer): { segment: number; filled: number } {
  return { segment: stage.readInt32LE(4 * segmentWord), filled: stage.readInt32LE(4 * filledWord) };
}

/** What a stage holds, and for which segment. */
export function staged(stage: Buffer): { segment: number; frames: Buffer } {
  const { segment, filled } = stageWords(stage);
  return { segment, frames: stage.subarray(0, filled) };
}

/** The recorder's side: copies into segments, one after another. */
export class StageCopy {
  readonly #files: (MappedSegment | undefined)[] = [];
  #segment = 0;
  #at = 0;

  constructor(private readonly dir: string) {}

  /** Copies what the segment does not have yet. */
  copy(segment: number, fd: number): void {
    const which = segment % stageCount;
    this.#files[which] ??= mapFile(join(this.dir, stageName(segment)));
    const { bytes, words } = this.#files[which];
    // The writer stores them while this reads: whole, and before the frames that they tell of.
    const of = Atomics.load(words, segmentWord);
    const frames = bytes.subarray(0, Atomics.load(words, filledWord));
    if (of !== segment) throw new Error(`segment ${segment} is not staged`);
    if (this.#segment !== segment) this.#at = headerBytes;
    this.#segment = segment;
    writeFrames(fd, frames, this.#at);
    this.#at = frames.length;
  }
}

/**
 * Writes the frames from this place on into their segment. The first length word comes last: until then a reader stops
 * before it, and never sees half a frame.
 */
export function writeFrames(fd: number, frames: Buffer, from: number): void {
  if (frames.length === from) return;
  writeAll(fd, frames, from + lengthBytes, frames.length);
  writeAll(fd, frames, from, from + lengthBytes);
}

function writeAll(fd: number, bytes: Buffer, from: number, to: number): void {
  for (let at = from; at < to; ) at += writeSync(fd, bytes, at, to - at, at);
}
