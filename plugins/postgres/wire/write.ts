import { headerSize } from "./message.ts";

/** The parts that bodies are made of; `message` frames them. For what is built now and then, not per row. */

/** A NUL inside would end the string early and make the rest a message of its own: it is cut there. */
export function cstring(text: string): Buffer {
  const nul = text.indexOf("\0");
  return Buffer.from(`${nul === -1 ? text : text.slice(0, nul)}\0`, "utf8");
}

export function int8(value: number): Buffer {
  return Buffer.of(value & 0xff);
}

export function int16(value: number): Buffer {
  return Buffer.of((value >> 8) & 0xff, value & 0xff);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value | 0, 0);
  return bytes;
}

/** One whole message: type, length, body. */
export function message(type: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = headerSize;
  for (const part of parts) length += part.length;
  const bytes = Buffer.allocUnsafe(length);
  bytes[0] = type;
  bytes.writeInt32BE(length - 1, 1);
  let at = headerSize;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A message without a type byte, as start-up has them. */
export function untyped(...parts: readonly Uint8Array[]): Buffer {
  return message(0, ...parts).subarray(1);
}
