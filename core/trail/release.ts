import { readFileSync, truncateSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Entry } from "./entry.ts";
import { Frames, segmentsIn } from "./frames.ts";
import { trailFolder } from "./read.ts";
import { headerBytes, recordingMagic, segmentName, trailMagic } from "./segment.ts";

/** Gives back the zeros that a dead process had made in advance. What is damaged stays as it is. */
export function releaseStream(dataDir: string, stream: string): void {
  release(trailFolder(dataDir, stream), trailMagic);
  release(join(dataDir, "recordings", stream), recordingMagic);
}

function release(dir: string, magic: string): void {
  for (const segment of existing(dir).reverse()) {
    const frames = new Frames(dir, magic, segment, headerBytes, false);
    let used = false;
    while (frames.next()) used = true;
    const { stop, position } = frames;
    frames.close();
    const path = join(dir, segmentName(segment));
    if (stop.at !== "end" || position.segment !== segment) return;
    // An empty one that the segment before leads to must stay, or it would look cut off.
    if (used || leadsTo(dir, magic, segment)) {
      truncateSync(path, position.offset);
      return;
    }
    unlinkSync(path);
  }
}

/** Whether the segment before this one was closed, so that the log goes on here. */
function leadsTo(dir: string, magic: string, segment: number): boolean {
  if (segment === 1) return false;
  const frames = new Frames(dir, magic, segment - 1, headerBytes, false);
  while (frames.next());
  frames.close();
  return frames.position.segment === segment;
}

/** `segment` entries for those recording segments of a dead process that have none. */
export function sealRecordings(dataDir: string, stream: string, sealed: ReadonlySet<string>): Entry[] {
  return recordingFiles(dataDir, stream)
    .filter((file) => !sealed.has(file))
    .map((file) => ({ kind: "segment", file, ...digest(join(dataDir, file)) }));
}

/** Recording segments of a stream as `segment` entries name them. */
export function recordingFiles(dataDir: string, stream: string): string[] {
  return existing(join(dataDir, "recordings", stream)).map(
    (segment) => `recordings/${stream}/${segmentName(segment)}`,
  );
}

/** A `segment` entry may name nothing else: a changed trail must not lead a reader out of the data folder. */
export function isRecordingFile(file: string): boolean {
  return /^recordings\/[\w-]+\/\d+\.seg$/.test(file);
}

/** Throws when there is no such file. */
export function digest(path: string): { sha256: string; bytes: number } {
  const bytes = readFileSync(path);
  return { sha256: Bun.SHA256.hash(bytes, "hex"), bytes: bytes.length };
}

function existing(dir: string): number[] {
  try {
    return segmentsIn(dir);
  } catch {
    return [];
  }
}
