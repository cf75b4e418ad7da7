import { frameHead } from "../frames.ts";

/** One frame, as it came or is to be sent (RFC 9113, 4.1). */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Bytes of a frame; a payload that is text is a character a byte. */
export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ""): Buffer {
  const body = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const bytes = Buffer.alloc(frameHead + body.length);
  bytes.writeUIntBE(body.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  body.copy(bytes, frameHead);
  return bytes;
}

/** The first frame of `bytes` and what is behind it; undefined: it is not all there. */
export function firstFrame(bytes: Buffer): { readonly frame: Frame; readonly rest: Buffer } | undefined {
  if (bytes.length < frameHead) return undefined;
  const end = frameHead + bytes.readUIntBE(0, 3);
  if (bytes.length < end) return undefined;
  return {
    frame: {
      type: bytes[3] as number,
      flags: bytes[4] as number,
      stream: bytes.readUInt32BE(5) & 0x7fffffff,
      payload: Buffer.from(bytes.subarray(frameHead, end)),
    },
    rest: bytes.subarray(end),
  };
}

/** Fields as HPACK literals that go into no table (RFC 7541, 6.2.2), in this order, whatever they are. */
export function block(...fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), ...text(name), ...text(value)]));
}

/** A request's pseudo-fields, then these. */
export function request(
  method: string,
  path: string,
  ...fields: readonly (readonly [name: string, value: string])[]
): Buffer {
  return block([":method", method], [":scheme", "http"], [":path", path], [":authority", "a"], ...fields);
}

/** Four bytes, as RST_STREAM and WINDOW_UPDATE hold them. */
export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A SETTINGS payload (RFC 9113, 6.5.1). */
export function settings(...values: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(values.length * 6);
  for (const [at, [id, value]] of values.entries()) {
    bytes.writeUInt16BE(id, at * 6);
    bytes.writeUInt32BE(value, at * 6 + 2);
  }
  return bytes;
}

/** A string of HPACK, not compressed: its length as an integer with a prefix of 7 bits (RFC 7541, 5.1). */
function text(value: string): Buffer[] {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.length < 127) return [Buffer.of(bytes.length), bytes];
  const length = [127];
  let left = bytes.length - 127;
  for (; left >= 128; left = Math.floor(left / 128)) length.push((left % 128) + 128);
  length.push(left);
  return [Buffer.from(length), bytes];
}
