/** Types of control frames (SPDY protocol draft 3.1, 2.6). */
export const types = {
  ...{ open: 1, reply: 2, reset: 3, settings: 4, ping: 6, goAway: 7, headers: 8, window: 9 },
} as const;

/** Flag of a frame that is a side's last on its stream. */
export const fin = 1;

/** Bytes that one frame can have. */
const most = 0xff_ffff;

export function controlFrame(type: number, flags: number, body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(8 + body.length);
  frame.writeUInt16BE(0x8003, 0);
  frame.writeUInt16BE(type, 2);
  frame.writeUInt32BE(((flags << 24) | body.length) >>> 0, 4);
  frame.set(body, 8);
  return frame;
}

/** Data of a stream, in as many frames as it needs. */
export function* dataFrames(stream: number, bytes: Uint8Array, last: boolean): Generator<Buffer> {
  let at = 0;
  do {
    const length = Math.min(most, bytes.length - at);
    const ends = last && at + length === bytes.length;
    const frame = Buffer.allocUnsafe(8 + length);
    frame.writeUInt32BE(stream, 0);
    frame.writeUInt32BE((((ends ? fin : 0) << 24) | length) >>> 0, 4);
    frame.set(bytes.subarray(at, at + length), 8);
    at += length;
    yield frame;
  } while (at < bytes.length);
}
