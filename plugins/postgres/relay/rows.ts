import type { Reason, RowFilter } from "../../../core/plugin.ts";
import { concerned } from "../copy/format.ts";
import { backend, headerSize } from "../wire/message.ts";
import { malformed } from "../wire/read.ts";
import { Splice } from "../wire/splice.ts";
import { int32 } from "../wire/write.ts";
import { reasonOf } from "./framing.ts";

const nullCell = int32(-1);

/** What becomes of the rows of one result. */
export interface RowPlan {
  readonly filter: RowFilter;
  /** By column: 1 where the filter asks for it. */
  readonly concerned: Uint8Array;
  /** By column: 1 where it says the same for every value; and that, its length before it, once it has said it. */
  readonly always: Uint8Array;
  readonly known: (Uint8Array | undefined)[];
}

/** `count`: columns of the result. */
export function rowPlan(filter: RowFilter, count: number): RowPlan {
  const always = new Uint8Array(count);
  for (const column of filter.always ?? []) always[column] = 1;
  return { filter, concerned: concerned({ count, filter }), always, known: Array.from({ length: count }) };
}

/** Rewrites DataRows: all that have arrived whole, at once. */
export class RowRewriter {
  readonly #splice = new Splice();
  /** Offset behind the last row that was rewritten. */
  end = 0;
  /** Why the row that begins there is not shown, where one is not. */
  refused: Reason | undefined;

  /**
   * The DataRows from `at` on with the filter's cells replaced, none of them longer than `limit`; undefined: nothing
   * changed. Valid until the next call.
   */
  filtered(view: Buffer, at: number, end: number, plan: RowPlan, limit: number): Buffer | undefined {
    const splice = this.#splice;
    const { filter } = plan;
    const counts = filter.row !== undefined;
    let next = at;
    this.refused = undefined;
    splice.begin(view, at);
    const numbers = numbersOf(view);
    try {
      for (;;) {
        const length = rowLength(view, numbers, next, end, limit);
        if (length === 0) break;
        splice.starts(next);
        if (counts) filter.row?.();
        rewrite(view, numbers, next + headerSize, next + length, plan, splice);
        next += length;
        splice.ends(next);
      }
    } catch (error) {
      splice.undo();
      this.refused = reasonOf(error);
    }
    this.end = next;
    return splice.untouched ? undefined : splice.finish(next);
  }

  /** The same with NULL in each cell. Throws `postgres.protocol`. */
  withheld(view: Buffer, at: number, end: number, limit: number): Buffer {
    const splice = this.#splice;
    let next = at;
    this.refused = undefined;
    splice.begin(view, at);
    const numbers = numbersOf(view);
    for (;;) {
      const length = rowLength(view, numbers, next, end, limit);
      if (length === 0) break;
      splice.starts(next);
      const cells = next + headerSize + 2;
      next += length;
      if (cells > next) throw cutOff();
      splice.cut(cells, next);
      for (let left = numbers.getUint16(cells - 2); left > 0; left--) splice.int32(-1);
      splice.ends(next);
    }
    this.end = next;
    return splice.finish(next);
  }
}

/** Bytes of the DataRow at `at`, header included; 0: none is there as a whole. */
function rowLength(view: Buffer, numbers: DataView, at: number, end: number, limit: number): number {
  if (end - at < headerSize || view[at] !== backend.dataRow) return 0;
  const length = numbers.getInt32(at + 1) + 1;
  return length >= headerSize && length <= end - at && length <= limit ? length : 0;
}

/** One for all numbers of a chunk: `readInt32BE` looks for its own each time. */
function numbersOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** Replaces cells of the DataRow whose body stands from `at` to `end`, and proves that its cells fill it. */
function rewrite(
  view: Buffer,
  numbers: DataView,
  at: number,
  end: number,
  plan: RowPlan,
  into: Splice,
): void {
  const { filter, concerned, always, known } = plan;
  if (end - at < 2) throw cutOff();
  const count = numbers.getUint16(at);
  // Nobody was asked about one more column.
  if (count !== concerned.length)
    throw malformed("DataRow", `${count} cells for ${concerned.length} columns`);
  let here = at + 2;
  for (let column = 0; column < count; column++) {
    if (end - here < 4) throw cutOff();
    const length = numbers.getInt32(here);
    const start = here + 4;
    here = start;
    if (length === -1) continue;
    if (length < 0 || length > end - start) throw malformed("DataRow", "a cell does not fit in it");
    here = start + length;
    if (concerned[column] !== 1) continue;
    const same = known[column];
    if (same !== undefined) {
      into.cut(start - 4, here);
      into.bytes(same);
      continue;
    }
    const shown = filter.show(column, view, start, here);
    if (shown === undefined) continue;
    into.cut(start - 4, here);
    into.int32(shown === null ? -1 : shown.length);
    if (shown !== null) into.bytes(shown);
    if (always[column] === 1)
      known[column] = shown === null ? nullCell : Buffer.concat([int32(shown.length), shown]);
  }
  if (here !== end) throw malformed("DataRow", `${end - here} bytes too many`);
}

function cutOff(): Error {
  return malformed("DataRow", "it is cut off");
}
