import type { RowFilter } from "../../../core/plugin.ts";
import { backend, headerSize } from "../wire/message.ts";
import { CellWalker } from "../wire/rows.ts";

const firstScratch = 16 * 1024;
/** A scratch buffer that one large row has grown is given back. */
const keptScratch = 1024 * 1024;

/** Rewrites DataRows, one at a time, into one buffer of its own. */
export class RowRewriter {
  readonly #cells = new CellWalker();
  #scratch = Buffer.allocUnsafe(firstScratch);
  #filled = 0;

  /**
   * The DataRow at `at` with the filter's cells replaced; undefined: nothing changed. Valid until the
   * next call. Throws what the filter throws.
   */
  filtered(view: Buffer, at: number, length: number, filter: RowFilter): Uint8Array | undefined {
    filter.row?.();
    const cells = this.#cells;
    cells.open(view, at + headerSize, at + length);
    this.#begin();
    let kept = at;
    while (cells.next()) {
      const size = cells.length;
      if (size === -1 || !filter.columns.includes(cells.index)) continue;
      const value = view.subarray(cells.start, cells.start + size);
      const shown = filter.cell(cells.index, value);
      if (shown === value) continue;
      this.#copy(view, kept, cells.start - 4);
      this.#int32(shown === null ? -1 : shown.length);
      if (shown !== null) this.#bytes(shown);
      kept = cells.start + size;
    }
    if (kept === at) return undefined;
    this.#copy(view, kept, at + length);
    return this.#finish();
  }

  /** A DataRow of as many NULLs. */
  withheld(view: Buffer, at: number, length: number): Uint8Array {
    const count = this.#cells.open(view, at + headerSize, at + length);
    this.#begin();
    this.#room(headerSize + 2 + count * 4);
    this.#scratch[0] = backend.dataRow;
    this.#scratch.writeUInt16BE(count, headerSize);
    this.#filled = headerSize + 2;
    for (let cell = 0; cell < count; cell++) this.#int32(-1);
    return this.#finish();
  }

  #begin(): void {
    if (this.#scratch.length > keptScratch) this.#scratch = Buffer.allocUnsafe(firstScratch);
    this.#filled = 0;
  }

  #finish(): Uint8Array {
    this.#scratch.writeInt32BE(this.#filled - 1, 1);
    return this.#scratch.subarray(0, this.#filled);
  }

  #copy(view: Buffer, start: number, end: number): void {
    this.#room(end - start);
    view.copy(this.#scratch, this.#filled, start, end);
    this.#filled += end - start;
  }

  #bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#scratch.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  #int32(value: number): void {
    this.#room(4);
    this.#scratch.writeInt32BE(value, this.#filled);
    this.#filled += 4;
  }

  #room(bytes: number): void {
    const needed = this.#filled + bytes;
    if (needed <= this.#scratch.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#scratch.length * 2));
    this.#scratch.copy(grown, 0, 0, this.#filled);
    this.#scratch = grown;
  }
}
