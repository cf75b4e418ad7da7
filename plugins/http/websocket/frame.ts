import { randomFillSync } from "node:crypto";

/** RFC 6455, 5.2. */
export const opcodes = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
export type Opcode = (typeof opcodes)[keyof typeof opcodes];

/** A whole frame, as a server sends it; `masked`: as a client does, under a key that nobody can foretell. */
export function encodeFrame(opcode: Opcode, final: boolean, payload: Uint8Array, masked: boolean): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const start = 2 + extended + (masked ? 4 : 0);
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = (final ? 0x80 : 0) | opcode;
  frame[1] = (masked ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(length, 2);
  else if (extended === 8) {
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length >>> 0, 6);
  }
  frame.set(payload, start);
  if (masked) {
    const key = newKey();
    frame.set(key, start - 4);
    applyMask(frame.subarray(start), key, 0);
  }
  return frame;
}

/** Codes that may stand in a close frame (RFC 6455, 7.4; IANA's registry). */
export function isCloseCode(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999)
  );
}

/** Bytes of text that a close frame has room for. */
const mostCloseText = 123;

/** A close frame's payload; the text is cut where it is too long. */
export function closePayload(code: number, text: string): Buffer {
  const encoder = new TextEncoder();
  const room = new Uint8Array(mostCloseText);
  const { written } = encoder.encodeInto(text, room);
  const payload = Buffer.allocUnsafe(2 + written);
  payload.writeUInt16BE(code);
  payload.set(room.subarray(0, written), 2);
  return payload;
}

/** Masks or unmasks in place; `at`: where in the frame's payload the bytes begin. */
export function applyMask(bytes: Buffer, key: Uint8Array, at: number): void {
  const { length } = bytes;
  let index = 0;
  const byte = (offset: number) => key[(at + offset) & 3] as number;
  while (index < length && ((bytes.byteOffset + index) & 3) !== 0) {
    bytes[index] = (bytes[index] as number) ^ byte(index);
    index++;
  }
  const words = (length - index) >>> 2;
  if (words > 0) {
    const from = index;
    const word = Uint8Array.of(byte(from), byte(from + 1), byte(from + 2), byte(from + 3));
    const [mask = 0] = new Uint32Array(word.buffer);
    const view = new Uint32Array(bytes.buffer, bytes.byteOffset + from, words);
    for (let each = 0; each < words; each++) view[each] = (view[each] as number) ^ mask;
    index += words * 4;
  }
  for (; index < length; index++) bytes[index] = (bytes[index] as number) ^ byte(index);
}

const keys = Buffer.alloc(4096);
let used = keys.length;

function newKey(): Buffer {
  if (used === keys.length) {
    randomFillSync(keys);
    used = 0;
  }
  used += 4;
  return keys.subarray(used - 4, used);
}
