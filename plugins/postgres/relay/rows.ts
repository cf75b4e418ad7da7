import type { RowFilter } from "../../../core/plugin.ts";
import { headerSize } from "../wire/message.ts";
import { CellWalker } from "../wire/rows.ts";
import { Splice } from "../wire/splice.ts";

/** Rewrites DataRows, one at a time. */
export class RowRewriter {
  readonly #cells = new CellWalker();
  readonly #splice = new Splice();

  /**
   * The DataRow at `at` with the filter's cells replaced; undefined: nothing changed. Valid until the
   * next call. Throws what the filter throws.
   */
  filtered(view: Buffer, at: number, length: number, filter: RowFilter): Uint8Array | undefined {
    filter.row?.();
    const cells = this.#cells;
    const splice = this.#splice;
    cells.open(view, at + headerSize, at + length);
    splice.begin(view, at);
    while (cells.next()) {
      const size = cells.length;
      if (size === -1 || !filter.columns.includes(cells.index)) continue;
      const end = cells.start + size;
      const value = view.subarray(cells.start, end);
      const shown = filter.cell(cells.index, value);
      if (shown === value) continue;
      splice.cut(cells.start - 4, end);
      splice.int32(shown === null ? -1 : shown.length);
      if (shown !== null) splice.bytes(shown);
    }
    return splice.untouched ? undefined : splice.finish(at + length);
  }

  /** A DataRow of as many NULLs. */
  withheld(view: Buffer, at: number, length: number): Uint8Array {
    const count = this.#cells.open(view, at + headerSize, at + length);
    const splice = this.#splice;
    splice.begin(view, at);
    splice.cut(at + headerSize + 2, at + length);
    for (let cell = 0; cell < count; cell++) splice.int32(-1);
    return splice.finish(at + length);
  }
}
