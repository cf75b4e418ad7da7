import type { Splice } from "../wire/splice.ts";
import { type CopyColumns, type CopyRows, concerned, malformedCopy } from "./format.ts";

const signature = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
/** Signature, int32 flags, int32 length of what else the header holds. */
const headerSize = signature.length + 8;

/** The binary format: a header, rows of int16 count and int32 length with bytes each, and -1 at the end. */
export class BinaryRows implements CopyRows {
  readonly #columns: CopyColumns;
  readonly #concerned: Uint8Array;
  #began = false;
  /** What ends at the offset told last is a row and not header or trailer. */
  #row = false;
  #over = false;

  constructor(columns: CopyColumns) {
    this.#columns = columns;
    this.#concerned = concerned(columns);
  }

  rowEnd(bytes: Buffer, at: number, end: number): number {
    if (this.#over) throw malformedCopy("more comes behind its end");
    if (!this.#began) return this.#headerEnd(bytes, at, end);
    if (end - at < 2) return -1;
    const count = bytes.readInt16BE(at);
    if (count === -1) {
      this.#over = true;
      this.#row = false;
      return at + 2;
    }
    if (count !== this.#columns.count) {
      throw malformedCopy(`a row of ${count} cells for ${this.#columns.count} columns`);
    }
    let here = at + 2;
    for (let column = 0; column < count; column++) {
      if (end - here < 4) return -1;
      const length = bytes.readInt32BE(here);
      if (length < -1) throw malformedCopy(`a cell of ${length} bytes`);
      here += 4 + Math.max(length, 0);
      if (here > end) return -1;
    }
    this.#row = true;
    return here;
  }

  rewrite(bytes: Buffer, at: number, _end: number, into: Splice): void {
    if (!this.#row) return;
    const { count, filter } = this.#columns;
    filter.row?.();
    if (filter.columns.length === 0) return;
    let here = at + 2;
    for (let column = 0; column < count; column++) {
      const length = bytes.readInt32BE(here);
      const start = here + 4;
      here = start + Math.max(length, 0);
      if (length === -1 || this.#concerned[column] !== 1) continue;
      const shown = filter.show(column, bytes, start, here);
      if (shown === undefined) continue;
      into.cut(start - 4, here);
      into.int32(shown === null ? -1 : shown.length);
      if (shown !== null) into.bytes(shown);
    }
  }

  #headerEnd(bytes: Buffer, at: number, end: number): number {
    if (end - at < headerSize) return -1;
    if (!bytes.subarray(at, at + signature.length).equals(signature)) throw malformedCopy("no header");
    const flags = bytes.readInt32BE(at + signature.length);
    const more = bytes.readInt32BE(at + signature.length + 4);
    // The upper half of the flags changes how rows are to be read.
    if (flags >>> 16 !== 0 || more < 0) throw malformedCopy("a header of another version");
    if (end - at < headerSize + more) return -1;
    this.#began = true;
    this.#row = false;
    return at + headerSize + more;
  }
}
