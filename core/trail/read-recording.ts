import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Recorded } from "../protocol.ts";
import { type Frame, Frames } from "./frames.ts";
import { frameHeaderBytes, kinds, more, parseRecordingId } from "./recording-frame.ts";
import { recordingMagic } from "./segment.ts";

/**
 * A recording in order, by its id (quick: it says where to look) or by its session. Works while the
 * session goes on, and after a crash up to the last whole frame. Nothing: there is no such recording.
 */
export function* readRecording(dataDir: string, idOrSession: string): Generator<Recorded> {
  const known = parseRecordingId(idOrSession);
  if (known) {
    yield* read(
      join(dataDir, "recordings", known.stream),
      known.segment,
      (number) => number === known.number,
    );
    return;
  }
  for (const stream of streamsNewestFirst(dataDir)) {
    let wanted: number | undefined;
    const begins = (number: number, kind: number, data: Buffer) => {
      if (wanted === undefined && kind === kinds.begin && sessionOf(data) === idOrSession) wanted = number;
      return number === wanted;
    };
    yield* read(join(dataDir, "recordings", stream), 1, begins);
    if (wanted !== undefined) return;
  }
}

function* read(
  dir: string,
  segment: number,
  mine: (number: number, kind: number, data: Buffer) => boolean,
): Generator<Recorded> {
  const frames = new Frames(dir, recordingMagic, segment);
  const parts: Buffer[] = [];
  try {
    for (let frame = frames.next(); frame; frame = frames.next()) {
      const { number, kind, at, data } = parse(frame);
      if (!mine(number, kind & ~more, data)) continue;
      if (kind === kinds.end) return;
      parts.push(Buffer.from(data));
      if (kind & more) continue;
      const whole = Buffer.concat(parts.splice(0));
      if (kind === kinds.bytes) yield { at, kind: "bytes", bytes: whole };
      else if (kind === kinds.event) yield { at, kind: "event", ...eventOf(whole) };
    }
  } finally {
    frames.close();
  }
}

function parse({ payload }: Frame): { number: number; kind: number; at: number; data: Buffer } {
  // What is too short to be a frame belongs to nobody.
  if (payload.length < frameHeaderBytes) return { number: 0, kind: 0, at: 0, data: payload };
  return {
    number: payload.readUInt32LE(0),
    kind: payload.readUInt32LE(4),
    at: payload.readDoubleLE(8),
    data: payload.subarray(frameHeaderBytes),
  };
}

function sessionOf(data: Buffer): unknown {
  try {
    return (JSON.parse(data.toString("utf8")) as { session?: unknown }).session;
  } catch {
    return undefined;
  }
}

function eventOf(data: Buffer): { name: string; data: unknown } {
  try {
    return JSON.parse(data.toString("utf8")) as { name: string; data: unknown };
  } catch {
    // Torn by a power cut: its place is known, its content is not.
    return { name: "torn", data: null };
  }
}

function streamsNewestFirst(dataDir: string): string[] {
  try {
    return readdirSync(join(dataDir, "recordings")).sort().reverse();
  } catch {
    return [];
  }
}
