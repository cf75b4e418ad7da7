/** A character of a stream: how many bytes it has there, and what it is to a reader. */
export interface Character {
  readonly length: number;
  /**
   * `unseen`: a screen shows nothing for it. `control`: U+0080 to U+009F. `open`: the rest of it has not come. Else the
   * byte to read it as; undefined: as it stands.
   */
  readonly as: number | "unseen" | "control" | "open" | undefined;
}

/** Code points that a screen shows nothing for: [first, last]. */
const unseen: readonly (readonly [number, number])[] = [
  [0x00ad, 0x00ad],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xe0000, 0xe0fff],
];

/** Spaces that numbers are grouped by, and hyphens: read as those of ASCII. */
const spaces: ReadonlySet<number> = new Set([0xa0, 0x202f, 0x205f, 0x3000]);
const hyphens: readonly [number, number] = [0x2010, 0x2015];
const minus = 0x2212;
/** U+FF01 to U+FF5E are ASCII's characters, wide. */
const wide: readonly [number, number] = [0xff01, 0xff5e];
const wideFrom = 0xff01 - 0x21;

/**
 * The character of UTF-8 that begins with the byte at `at`, which is 128 or more. What is no UTF-8 is one
 * byte that reads as itself; one from 0x80 to 0x9f is a control character to a terminal of 8 bits.
 */
export function characterAt(bytes: Uint8Array, at: number): Character {
  const lead = bytes[at] as number;
  const length = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
  let code = length === 1 ? lead : lead & (0x7f >> length);
  for (let next = 1; next < length; next++) {
    const byte = bytes[at + next];
    if (byte === undefined) return { length: next, as: "open" };
    if ((byte & 0xc0) !== 0x80) return { length: 1, as: undefined };
    code = (code << 6) | (byte & 0x3f);
  }
  return { length, as: length === 1 && lead >= 0xa0 ? undefined : readAs(code) };
}

function readAs(code: number): Character["as"] {
  if (code < 0xa0) return "control";
  if (spaces.has(code) || (code >= 0x2000 && code <= 0x200a)) return 0x20;
  if (within(code, hyphens) || code === minus) return 0x2d;
  if (within(code, wide)) return code - wideFrom;
  return unseen.some((range) => within(code, range)) ? "unseen" : undefined;
}

function within(code: number, [first, last]: readonly [number, number]): boolean {
  return code >= first && code <= last;
}
