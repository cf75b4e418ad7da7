import type { Splice } from "../wire/splice.ts";
import { type CopyColumns, type CopyRows, concerned, malformedCopy, type TextFormat } from "./format.ts";

const newline = 0x0a;
const backslash = 0x5c;
/** What stands behind a backslash, by the byte it means (CopyAttributeOutText). */
const letters: ReadonlyMap<number, number> = new Map([
  [0x08, 0x62],
  [0x09, 0x74],
  [0x0a, 0x6e],
  [0x0b, 0x76],
  [0x0c, 0x66],
  [0x0d, 0x72],
]);
const meanings = new Map([...letters].map(([byte, letter]) => [letter, byte]));

/** The text format: a line a row, cells between delimiters, a backslash before what would mislead. */
export class TextRows implements CopyRows {
  readonly #columns: CopyColumns;
  readonly #concerned: Uint8Array;
  readonly #format: TextFormat;
  /** A value could be written like this too: then it is not taken for NULL. An empty one tells nothing. */
  readonly #ambiguous: boolean;
  #header: boolean;
  /** Bytes of the row at hand in which there is no newline. */
  #searched = 0;

  constructor(format: TextFormat, columns: CopyColumns) {
    this.#format = format;
    this.#columns = columns;
    this.#concerned = concerned(columns);
    this.#header = format.header;
    const { nullMarker, delimiter } = format;
    this.#ambiguous =
      nullMarker.length > 0 && Buffer.from(escaped(unescaped(nullMarker), delimiter)).equals(nullMarker);
  }

  rowEnd(bytes: Buffer, at: number, end: number): number {
    const found = bytes.indexOf(newline, at + this.#searched);
    if (found !== -1 && found < end) {
      this.#searched = 0;
      return found + 1;
    }
    this.#searched = end - at;
    return -1;
  }

  rewrite(bytes: Buffer, at: number, end: number, into: Splice): void {
    if (this.#header) {
      this.#header = false;
      return;
    }
    const { count, filter } = this.#columns;
    filter.row?.();
    if (filter.columns.length === 0) return;
    const { delimiter } = this.#format;
    const concerned = this.#concerned;
    const last = end - 1;
    let column = 0;
    let start = at;
    let escapes = false;
    for (let here = at; here < last; here++) {
      const byte = bytes[here];
      if (byte === backslash) {
        escapes = true;
        here += 1;
      } else if (byte === delimiter) {
        if (concerned[column] === 1) this.#cell(bytes, column, start, here, escapes, into);
        escapes = false;
        column += 1;
        start = here + 1;
      }
    }
    if (concerned[column] === 1) this.#cell(bytes, column, start, last, escapes, into);
    if (column + 1 !== count) throw malformedCopy(`a row of ${column + 1} cells for ${count} columns`);
  }

  /** Where nothing is escaped, the value is looked at where it stands. */
  #cell(bytes: Buffer, column: number, start: number, end: number, escapes: boolean, into: Splice): void {
    const { filter } = this.#columns;
    const { delimiter, nullMarker } = this.#format;
    if (!this.#ambiguous && isAt(bytes, start, end, nullMarker)) return;
    const value = escapes ? unescaped(bytes.subarray(start, end)) : undefined;
    const shown = value
      ? filter.show(column, value, 0, value.length)
      : filter.show(column, bytes, start, end);
    if (shown === undefined) return;
    into.cut(start, end);
    into.bytes(shown === null ? nullMarker : escaped(shown, delimiter));
  }
}

function isAt(bytes: Buffer, start: number, end: number, what: Buffer): boolean {
  const { length } = what;
  if (end - start !== length) return false;
  for (let index = 0; index < length; index++) if (bytes[start + index] !== what[index]) return false;
  return true;
}

/** The same view where nothing is escaped. */
function unescaped(raw: Buffer): Buffer {
  if (!raw.includes(backslash)) return raw;
  const value = Buffer.allocUnsafe(raw.length);
  let filled = 0;
  for (let at = 0; at < raw.length; at++) {
    let byte = raw[at] as number;
    if (byte === backslash && at + 1 < raw.length) {
      at += 1;
      byte = raw[at] as number;
      byte = meanings.get(byte) ?? byte;
    }
    value[filled++] = byte;
  }
  return value.subarray(0, filled);
}

/** The same view where nothing needs it. */
function escaped(value: Uint8Array, delimiter: number): Uint8Array {
  let more = 0;
  for (let at = 0; at < value.length; at++) if (needsEscape(value[at]!, delimiter)) more += 1;
  if (more === 0) return value;
  const bytes = Buffer.allocUnsafe(value.length + more);
  let filled = 0;
  for (const byte of value) {
    if (needsEscape(byte, delimiter)) bytes[filled++] = backslash;
    bytes[filled++] = letters.get(byte) ?? byte;
  }
  return bytes;
}

function needsEscape(byte: number, delimiter: number): boolean {
  return byte === backslash || byte === delimiter || (byte >= 0x08 && byte <= 0x0d);
}
