import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { genesis, hashBytes } from "./chain.ts";
import { linked, trailFolder } from "./read.ts";
import { END, frameBytes, headerBytes, lengthBytes, segmentName } from "./segment.ts";
import { stageCount, staged, stageName, writeFrames } from "./stage.ts";
import { lastOf, streams } from "./streams.ts";

/** Where a stream goes on, and the hash that its next entry follows. */
interface End {
  readonly segment: number;
  readonly offset: number;
  readonly hash: Uint8Array;
}

/** What dead processes wrote and their recorders did not get to: into the segments with it. No process may be writing. */
export function restoreStreams(dataDir: string): void {
  for (const stream of streams(dataDir)) restoreStream(dataDir, stream);
}

/** The same for one stream. */
export function restoreStream(dataDir: string, stream: string): void {
  const dir = trailFolder(dataDir, stream);
  const paths = Array.from({ length: stageCount }, (_, which) => join(dir, stageName(which))).filter(
    existsSync,
  );
  if (paths.length === 0) return;
  // One that was being made has no words yet.
  const stages = paths
    .map((path) => readFileSync(path))
    .filter(({ length }) => length > headerBytes)
    .map(staged);
  let end = endOf(dataDir, stream);
  while (end) {
    const { segment } = end;
    const frames = stages.find((stage) => stage.segment === segment)?.frames;
    end = frames && extend(join(dir, segmentName(segment)), frames, end);
  }
  for (const path of paths) unlinkSync(path);
}

/** undefined: the stream is damaged, and stays as it is. */
function endOf(dataDir: string, stream: string): End | undefined {
  const last = lastOf(dataDir, stream, false);
  if (!last) return { segment: 1, offset: headerBytes, hash: genesis(stream) };
  return last.next && { ...last.next, hash: Buffer.from(last.head.hash, "hex") };
}

/**
 * Adds what follows the stream's end. A stage was never flushed, so that after a power cut anything may stand in it:
 * only what the chain links counts. Where the stream goes on when that is another segment.
 */
function extend(path: string, frames: Buffer, { segment, offset, hash }: End): End | undefined {
  if (!existsSync(path)) return undefined;
  let [at, last, over] = [offset, hash, false];
  while (!over && at + lengthBytes <= frames.length) {
    const length = frames.readInt32LE(at);
    over = length === END;
    if (!over) {
      if (length <= hashBytes || at + frameBytes(length) > frames.length) break;
      const payload = frames.subarray(at + lengthBytes, at + lengthBytes + length);
      const next = linked(last, payload);
      if (!next || !payload.subarray(0, hashBytes).equals(next)) break;
      last = next;
    }
    at += over ? lengthBytes : frameBytes(length);
  }
  if (at === offset) return undefined;
  const fd = openSync(path, "r+");
  try {
    writeFrames(fd, frames.subarray(0, at), offset);
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return over ? { segment: segment + 1, offset: headerBytes, hash: last } : undefined;
}
