export const ESC = 0x1b;
const bell = 0x07;
const cancel = 0x18;
const substitute = 0x1a;

/**
 * Behind the last byte of the escape sequence that begins at `at` (ECMA-48: CSI, OSC, DCS and the rest, in their
 * 7-bit form, which is the only one in UTF-8); undefined: the rest of it has not come. What breaks off a sequence
 * is no part of it.
 */
export function sequenceEnd(bytes: Uint8Array, at: number): number | undefined {
  const second = bytes[at + 1];
  if (second === undefined) return undefined;
  if (second === 0x5b) return closing(bytes, at + 2, 0x20, 0x3f);
  if (isString(second)) return stringEnd(bytes, at + 2, second === 0x5d);
  return closing(bytes, at + 1, 0x20, 0x2f);
}

/** Whether `ESC byte` opens a string that goes to the terminal itself: DCS, SOS, OSC, PM, APC. */
export function isString(byte: number | undefined): boolean {
  return byte === 0x50 || byte === 0x58 || byte === 0x5d || byte === 0x5e || byte === 0x5f;
}

/** Bytes from `low` to `high`, then the one that ends the sequence. */
function closing(bytes: Uint8Array, from: number, low: number, high: number): number | undefined {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte >= low && byte <= high) continue;
    return byte >= 0x30 && byte <= 0x7e ? at + 1 : at;
  }
  return undefined;
}

function stringEnd(bytes: Uint8Array, from: number, bellEnds: boolean): number | undefined {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === cancel || byte === substitute || (bellEnds && byte === bell)) return at + 1;
    if (byte !== ESC) continue;
    if (at + 1 === bytes.length) return undefined;
    return bytes[at + 1] === 0x5c ? at + 2 : at;
  }
  return undefined;
}
