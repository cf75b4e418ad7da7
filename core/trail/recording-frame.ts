/**
 * The payload of a recording frame; all numbers little-endian:
 *
 *     recording  u32  number within the stream, from 1
 *     kind       u32  one of `kinds`; `more` is added when the next frame of this recording goes on
 *     at         f64  milliseconds since the recording began
 *     data            begin: JSON {session, began: epoch ms}; event: JSON {name, data}; bytes: as they were
 */
export const frameHeaderBytes = 16;
export const kinds = { begin: 1, event: 2, bytes: 3, end: 4 } as const;
export type FrameKind = (typeof kinds)[keyof typeof kinds];
export const more = 0x100;

export function writeFrame(
  to: Buffer,
  offset: number,
  recording: number,
  kind: number,
  at: number,
  data: Uint8Array,
): void {
  to.writeUInt32LE(recording, offset);
  to.writeUInt32LE(kind, offset + 4);
  to.writeDoubleLE(at, offset + 8);
  to.set(data, offset + frameHeaderBytes);
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
