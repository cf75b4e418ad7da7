import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { ChainEnd } from "./chain-end.ts";
import { trailFolder } from "./read.ts";
import { END, frameBytes, headerBytes, lengthBytes, segmentName } from "./segment.ts";
import { stageCount, staged, stageName, writeFrames } from "./stage.ts";
import { StageCheck } from "./stage-check.ts";
import { lastOf, streams } from "./streams.ts";

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
  const end = endOf(dataDir, stream);
  const check = new StageCheck(stream);
  for (let segment = 0; end && end.segment > segment; ) {
    segment = end.segment;
    const frames = stages.find((stage) => stage.segment === segment)?.frames;
    if (frames) extend(join(dir, segmentName(segment)), soundPart(frames, end, check), end);
  }
  for (const path of paths) unlinkSync(path);
}

/** undefined: the stream is damaged, and stays as it is. */
function endOf(dataDir: string, stream: string): ChainEnd | undefined {
  const end = new ChainEnd(stream);
  const last = lastOf(dataDir, stream, false);
  if (!last) return end;
  const { head, next } = last;
  if (!next) return undefined;
  end.take(head.seq, next.segment, next.offset, Buffer.from(head.hash, "hex"));
  return end;
}

/**
 * What of a stage follows the stream's end. It was never flushed, so that after a power cut anything may stand in it: only
 * what its check tells to be the next entry counts.
 */
function soundPart(frames: Buffer, { offset, seq }: ChainEnd, check: StageCheck): Buffer {
  let at = offset;
  for (let next = seq + 1; at + lengthBytes <= frames.length; next++) {
    const length = frames.readInt32LE(at);
    if (length === END) {
      at += lengthBytes;
      break;
    }
    const from = at + lengthBytes;
    if (length <= 0 || at + frameBytes(length) > frames.length) break;
    if (!check.fits(frames.subarray(from, from + length), next)) break;
    at += frameBytes(length);
  }
  return frames.subarray(offset, at);
}

function extend(path: string, frames: Buffer, end: ChainEnd): void {
  if (frames.length === 0 || !existsSync(path)) return;
  const { offset } = end;
  const copy = Buffer.from(frames);
  end.link(copy);
  const fd = openSync(path, "r+");
  try {
    writeFrames(fd, copy, offset);
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
