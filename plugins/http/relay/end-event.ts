import { frameHeaderBytes, frameTypes, writeDecimal, writeFrameAt } from "../../../core/plugin.ts";

/** Bytes of the longest frame of an end, and a little more. */
export const endRoom: number = frameHeaderBytes + 144;

/**
 * Writes the frame of an `end` (`ChannelEvent`) as its JSON, without a text of it; where it ends. `digest`: SHA-256, 32 bytes.
 */
export function writeEndAt(
  into: Buffer,
  at: number,
  channel: number,
  bytes: number,
  digest: Uint8Array,
  whole: boolean,
): number {
  let end = writeDecimal(event, begins.length, bytes);
  end = put(hashWords, end);
  for (const byte of digest) {
    event[end++] = hexDigits[byte >> 4] as number;
    event[end++] = hexDigits[byte & 15] as number;
  }
  end = put(whole ? wholeWords : cutWords, end);
  if (view.length !== end) view = event.subarray(0, end);
  return writeFrameAt(into, at, frameTypes.event, channel, view);
}

function put(words: Uint8Array, at: number): number {
  for (let index = 0; index < words.length; index++) event[at + index] = words[index] as number;
  return at + words.length;
}

const begins: Buffer = Buffer.from(`{"event":"end","bytes":`);
const hashWords: Buffer = Buffer.from(`,"sha256":"`);
const wholeWords: Buffer = Buffer.from(`","whole":true}`);
const cutWords: Buffer = Buffer.from(`","whole":false}`);
const hexDigits: Buffer = Buffer.from("0123456789abcdef");

/** Put together and copied within one call. */
const event: Buffer = Buffer.alloc(144);
begins.copy(event);
let view: Buffer = event;
