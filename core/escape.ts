export const ESC = 0x1b;
const bell = 0x07;
const cancel = 0x18;
const substitute = 0x1a;

/**
 * Behind the last byte of the escape sequence that begins at `at` (ECMA-48: CSI, OSC, DCS and the rest); undefined:
 * the rest of it has not come. What breaks off a sequence is no part of it; a control character that a terminal obeys
 * in the midst of one is. `second` and `from`: for a sequence in its 8-bit form, what would stand behind ESC in the
 * other one, and where that would be over.
 */
export function sequenceEnd(
  bytes: Uint8Array,
  at: number,
  second = bytes[at + 1],
  from = at + 2,
): number | undefined {
  if (second === undefined) return undefined;
  if (second === 0x5b) return closing(bytes, from, 0x20, 0x3f);
  if (isString(second)) return stringEnd(bytes, from, second === 0x5d);
  return closing(bytes, from - 1, 0x20, 0x2f);
}

/** Whether `ESC byte` opens a string that goes to the terminal itself: DCS, SOS, OSC, PM, APC. */
export function isString(byte: number | undefined): boolean {
  return byte === 0x50 || byte === 0x58 || byte === 0x5d || byte === 0x5e || byte === 0x5f;
}

/** Bytes from `low` to `high`, then the one that ends the sequence. */
function closing(bytes: Uint8Array, from: number, low: number, high: number): number | undefined {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if ((byte >= low && byte <= high) || isObeyed(byte)) continue;
    return byte >= 0x30 && byte <= 0x7e ? at + 1 : at;
  }
  return undefined;
}

/** Lines end where they end, also within a sequence. */
function isObeyed(byte: number): boolean {
  return byte === 0x7f || (byte < 0x20 && ![ESC, cancel, substitute, 0x0a, 0x0d].includes(byte));
}

function stringEnd(bytes: Uint8Array, from: number, bellEnds: boolean): number | undefined {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === cancel || byte === substitute || (bellEnds && byte === bell)) return at + 1;
    // ST as U+009C: as one byte it may be the midst of another character.
    if (byte !== ESC && byte !== 0xc2) continue;
    if (at + 1 === bytes.length) return undefined;
    if (byte === 0xc2) {
      if (bytes[at + 1] === 0x9c) return at + 2;
      continue;
    }
    return bytes[at + 1] === 0x5c ? at + 2 : at;
  }
  return undefined;
}
