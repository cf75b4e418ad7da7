import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Recorded } from "../protocol.ts";
import { type Frame, Frames } from "./frames.ts";
import { frameHeaderBytes, kinds, more, parseRecordingId, placeBytes } from "./recording-frame.ts";
import { recordingMagic } from "./segment.ts";

/** How often a recording that goes on is looked at for more. */
const followMs = 40;

/**
 * A recording in order, by its id (quick: it says where to look) or by its session. Works while the
 * session goes on, and after a crash up to the last whole frame. Nothing: there is no such recording.
 */
export function* readRecording(dataDir: string, idOrSession: string): Generator<Recorded> {
  const reader = openRecording(dataDir, idOrSession);
  if (!reader) return;
  try {
    for (let event = reader.next(); event; event = reader.next()) yield event;
  } finally {
    reader.close();
  }
}

/** Whether there is such a recording, if only its beginning. */
export function isRecorded(dataDir: string, session: string): boolean {
  const reader = openRecording(dataDir, session);
  reader?.close();
  return reader !== undefined;
}

/**
 * The same, and then what passes from now on, until the recording ends or `goesOn` says no. It reads what was
 * written already, so that nobody waits for whoever reads.
 */
export async function* followRecording(
  dataDir: string,
  session: string,
  goesOn: () => boolean,
): AsyncGenerator<Recorded> {
  let reader: RecordingReader | undefined;
  try {
    for (;;) {
      const last = !goesOn();
      reader ??= openRecording(dataDir, session);
      for (let event = reader?.next(); event; event = reader?.next()) yield event;
      if (last || reader?.ended) return;
      await Bun.sleep(followMs);
    }
  } finally {
    reader?.close();
  }
}

function openRecording(dataDir: string, idOrSession: string): RecordingReader | undefined {
  const known = parseRecordingId(idOrSession);
  if (known) {
    const dir = join(dataDir, "recordings", known.stream);
    return new RecordingReader(new Frames(dir, recordingMagic, known.segment), known.number);
  }
  for (const stream of streamsNewestFirst(dataDir)) {
    const frames = new Frames(join(dataDir, "recordings", stream), recordingMagic, 1);
    for (let frame = frames.next(); frame; frame = frames.next()) {
      const { number, kind, data } = parse(frame);
      if (kind === kinds.begin && sessionOf(data) === idOrSession) return new RecordingReader(frames, number);
    }
    frames.close();
  }
  return undefined;
}

/** The events of one recording among the frames of its stream. */
class RecordingReader {
  ended = false;
  #parts: Buffer[] = [];
  /** How events begin, by place. */
  readonly #beginnings = new Map<number, Buffer>();

  constructor(
    readonly frames: Frames,
    readonly number: number,
  ) {}

  /** undefined: all that was written so far; there may be more later. */
  next(): Recorded | undefined {
    if (this.ended) return undefined;
    for (let frame = this.frames.next(); frame; frame = this.frames.next()) {
      const { number, kind, at, data } = parse(frame);
      if (number !== this.number) continue;
      if (kind === kinds.end) {
        this.ended = true;
        return undefined;
      }
      this.#parts.push(Buffer.from(data));
      if (kind & more) continue;
      const whole = Buffer.concat(this.#parts.splice(0));
      if (kind === kinds.bytes) return { at, kind: "bytes", bytes: whole };
      if (kind === kinds.event) return { at, kind: "event", ...eventOf(whole) };
      if (kind === kinds.again) return { at, kind: "event", ...eventOf(this.#again(whole)) };
      if (kind === kinds.beginning && whole.length >= placeBytes) {
        this.#beginnings.set(whole.readUInt32LE(0), whole.subarray(placeBytes));
      }
    }
    return undefined;
  }

  close(): void {
    this.frames.close();
  }

  /** Nothing where its beginning is not known: then it is torn. */
  #again(data: Buffer): Buffer {
    const beginning = data.length < placeBytes ? undefined : this.#beginnings.get(data.readUInt32LE(0));
    return beginning ? Buffer.concat([beginning, data.subarray(placeBytes)]) : Buffer.alloc(0);
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
