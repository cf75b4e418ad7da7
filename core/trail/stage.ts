import { writeSync } from "node:fs";
import { join } from "node:path";
import { headerBytes, lengthBytes, type MappedSegment, mapFile } from "./segment.ts";

/**
 * Where the trail's frames are written first: a file of a segment's size and layout, mapped shared and never flushed.
 * What is stored in it outlives the process at once; the recorder copies it into the segment, where it becomes a part of
 * the chain, and flushes that. A mapped segment that is flushed would be write-protected each time, and each page of it
 * fault again; and a hash made between two reads of a socket costs many times what it does among others.
 *
 * In place of a segment's magic stand two words: the number of the segment, and how far it is filled. In place of an
 * entry's hash stands its check.
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

  /** What stands there of a segment: the current one, or the one before. */
  frames(segment: number): Buffer {
    return whole(this.#files[segment % stageCount]!);
  }
}

/** All before this place is whole. From here on it outlives the process. */
export function filled({ words }: MappedSegment, to: number): void {
  Atomics.store(words, filledWord, to);
}

/** All that is whole. The words are read while the writer stores them, and before the frames that they tell of. */
export function whole({ bytes, words }: MappedSegment): Buffer {
  return bytes.subarray(0, Atomics.load(words, filledWord));
}

/** The segment that a stage serves now. */
export function served({ words }: MappedSegment): number {
  return Atomics.load(words, segmentWord);
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

/**
 * Writes frames into their segment, from this place on. The first length word comes last: until then a reader stops before
 * it, and never sees half a frame.
 */
export function writeFrames(fd: number, frames: Buffer, at: number): void {
  if (frames.length === 0) return;
  writeAll(fd, frames, lengthBytes, frames.length, at);
  writeAll(fd, frames, 0, lengthBytes, at);
}

function writeAll(fd: number, bytes: Buffer, from: number, to: number, at: number): void {
  for (let done = from; done < to; ) done += writeSync(fd, bytes, done, to - done, at + done);
}
