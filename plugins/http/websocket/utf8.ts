import { isUtf8 } from "node:buffer";

/** Whether text that comes in pieces is UTF-8, as far as it has come. */
export class Utf8Check {
  /** The beginning of a character whose rest is still to come. */
  #open: Buffer = none;

  /** False: it is none. `ends`: nothing follows, so that no character may be left open. */
  push(piece: Buffer, ends: boolean): boolean {
    const bytes = this.#open.length === 0 ? piece : Buffer.concat([this.#open, piece]);
    const whole = ends ? bytes.length : bytes.length - openBytes(bytes);
    this.#open = whole === bytes.length ? none : Buffer.from(bytes.subarray(whole));
    return isUtf8(bytes.subarray(0, whole));
  }
}

const none: Buffer = Buffer.alloc(0);

/** How many of the last bytes begin a character without ending it. */
function openBytes(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needs > back ? back : 0;
    }
  }
  return 0;
}
