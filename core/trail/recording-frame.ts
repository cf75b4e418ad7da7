/**
 * The payload of a recording frame; all numbers little-endian:
 *
 *     recording  u32  number within the stream, from 1
 *     kind       u32  one of `kinds`; `more` is added when the next frame of this recording goes on
 *     at         f64  milliseconds since the recording began
 *     data            begin: JSON {session, began: epoch ms}; event: JSON {name, data}; bytes: as they were;
 *                     beginning: u32 place, then how the JSON of events begins (in place of what stood there before);
 *                     again: u32 place of its beginning, then the rest of an event's JSON
 */
export const frameHeaderBytes = 16;
export const kinds = { begin: 1, event: 2, bytes: 3, end: 4, beginning: 5, again: 6 } as const;
export type FrameKind = (typeof kinds)[keyof typeof kinds];
export const more = 0x100;
/** Of the place before the data of `beginning` and `again`. */
export const placeBytes = 4;

export function writeFrame(
  to: Buffer,
  offset: number,
  recording: number,
  kind: number,
  at: number,
  data: Uint8Array,
): void {
  writeHeader(to, offset, recording, kind, at);
  to.set(data, offset + frameHeaderBytes);
}

/** An event that begins as others do. */
export function writeAgain(
  to: Buffer,
  offset: number,
  recording: number,
  at: number,
  place: number,
  rest: Buffer,
  length: number,
): void {
  writeHeader(to, offset, recording, kinds.again, at);
  to.writeUInt32LE(place, offset + frameHeaderBytes);
  rest.copy(to, offset + frameHeaderBytes + placeBytes, 0, length);
}

function writeHeader(to: Buffer, offset: number, recording: number, kind: number, at: number): void {
  to.writeUInt32LE(recording, offset);
  to.writeUInt32LE(kind, offset + 4);
  to.writeDoubleLE(at, offset + 8);
}

/** The data of a `beginning` or `again`, where it is not written straight into its frame. */
export function placed(place: number, bytes: Uint8Array): Buffer {
  const data = Buffer.allocUnsafe(placeBytes + bytes.length);
  data.writeUInt32LE(place, 0);
  data.set(bytes, placeBytes);
  return data;
}

export function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), "utf8");
}

/** Where a recording is: `<stream>.<segment to start at>.<number>`. */
export function recordingId(stream: string, segment: number, number: number): string {
  return `${stream}.${segment}.${number}`;
}

export function parseRecordingId(
  id: string,
): { stream: string; segment: number; number: number } | undefined {
  const match = /^([\w-]+)\.(\d+)\.(\d+)$/.exec(id);
  return match ? { stream: match[1]!, segment: Number(match[2]), number: Number(match[3]) } : undefined;
}
