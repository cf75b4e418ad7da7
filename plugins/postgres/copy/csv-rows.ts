import type { Splice } from "../wire/splice.ts";
import { type CopyColumns, type CopyRows, type CsvFormat, concerned, malformedCopy } from "./format.ts";

const newline = 0x0a;
const carriageReturn = 0x0d;

/** Comma-separated values: a quoted cell may have anything inside, newlines too. */
export class CsvRows implements CopyRows {
  readonly #columns: CopyColumns;
  readonly #concerned: Uint8Array;
  readonly #format: CsvFormat;
  #header: boolean;
  /** Bytes of the row at hand that have been looked at, and whether they end inside of quotes. */
  #searched = 0;
  #quoted = false;

  constructor(format: CsvFormat, columns: CopyColumns) {
    this.#format = format;
    this.#columns = columns;
    this.#concerned = concerned(columns);
    this.#header = format.header;
  }

  rowEnd(bytes: Buffer, at: number, end: number): number {
    const { quote, escape: escaping } = this.#format;
    let quoted = this.#quoted;
    let here = at + this.#searched;
    for (; here < end; here++) {
      const byte = bytes[here];
      // A doubled quote leaves and enters again. An escape that is another byte takes the next one with it.
      if (quoted && byte === escaping && escaping !== quote) {
        if (here + 1 === end) break;
        here += 1;
      } else if (byte === quote) quoted = !quoted;
      else if (byte === newline && !quoted) {
        this.#searched = 0;
        this.#quoted = false;
        return here + 1;
      }
    }
    this.#searched = here - at;
    this.#quoted = quoted;
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
    const { quote, escape: escaping, delimiter } = this.#format;
    const last = end - 1;
    let quoted = false;
    let column = 0;
    let start = at;
    for (let here = at; here < last; here++) {
      const byte = bytes[here];
      if (quoted && byte === escaping && escaping !== quote) here += 1;
      else if (byte === quote) quoted = !quoted;
      else if (byte === delimiter && !quoted) {
        this.#cell(bytes, column, start, here, into);
        column += 1;
        start = here + 1;
      }
    }
    this.#cell(bytes, column, start, last, into);
    if (column + 1 !== count) throw malformedCopy(`a row of ${column + 1} cells for ${count} columns`);
  }

  #cell(bytes: Buffer, column: number, start: number, end: number, into: Splice): void {
    if (this.#concerned[column] !== 1) return;
    const { nullMarker, quote } = this.#format;
    const raw = bytes.subarray(start, end);
    // The server puts a value that looks like NULL into quotes.
    if (raw.equals(nullMarker)) return;
    const value = raw[0] === quote ? this.#inside(raw) : raw;
    const shown = this.#columns.filter.show(column, value, 0, value.length);
    if (shown === undefined || (shown !== null && value.equals(shown))) return;
    into.cut(start, end);
    if (shown === null) into.bytes(nullMarker);
    // Not as it was: whether a value needed quotes tells which of the caller's signs are in it.
    else if (this.#needsQuotes(shown)) this.#quote(shown, into);
    else into.bytes(shown);
  }

  /** The value of a quoted cell. */
  #inside(raw: Buffer): Buffer {
    const { quote, escape: escaping } = this.#format;
    const value = Buffer.allocUnsafe(raw.length);
    let filled = 0;
    let quoted = false;
    for (let at = 0; at < raw.length; at++) {
      let byte = raw[at] as number;
      const next = raw[at + 1];
      if (quoted && byte === escaping && (next === quote || next === escaping)) {
        byte = next;
        at += 1;
      } else if (byte === quote) {
        quoted = !quoted;
        continue;
      }
      value[filled++] = byte;
    }
    return value.subarray(0, filled);
  }

  #needsQuotes(value: Uint8Array): boolean {
    const { delimiter, quote, nullMarker } = this.#format;
    if (nullMarker.equals(value)) return true;
    // A line of its own: a reader of the file would take it for its end.
    if (this.#columns.count === 1 && value.length === 2 && value[0] === 0x5c && value[1] === 0x2e)
      return true;
    return value.some(
      (byte) => byte === delimiter || byte === quote || byte === newline || byte === carriageReturn,
    );
  }

  #quote(value: Uint8Array, into: Splice): void {
    const { quote, escape: escaping } = this.#format;
    into.byte(quote);
    for (const byte of value) {
      if (byte === quote || byte === escaping) into.byte(escaping);
      into.byte(byte);
    }
    into.byte(quote);
  }
}
