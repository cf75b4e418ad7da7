import { PosternError } from "../../../core/plugin.ts";
import { backend, headerSize } from "../wire/message.ts";
import type { Splice } from "../wire/splice.ts";
import { BinaryRows } from "./binary-rows.ts";
import { CsvRows } from "./csv-rows.ts";
import { type CopyColumns, type CopyFormat, type CopyRows, malformedCopy } from "./format.ts";
import { TextRows } from "./text-rows.ts";

const nothing = Buffer.alloc(0);
const firstKept = 8 * 1024;

/**
 * The data of one COPY TO STDOUT, message by message. A server sends a row a message; the protocol lets it
 * split them anywhere, so what has begun of a row is kept until the rest of it is there.
 */
export class CopyOut {
  readonly #rows: CopyRows;
  readonly #splice: Splice;
  readonly #limit: number;
  /** A CopyData with what has arrived of a row; as long as only its header is in it, there is none. */
  #kept = nothing;
  #filled = headerSize;

  /** `limit`: bytes of a row. `splice` is lent: nobody else uses it before the answer to `data` is sent. */
  constructor(format: CopyFormat, columns: CopyColumns, splice: Splice, limit: number) {
    this.#rows = rowsOf(format, columns);
    this.#splice = splice;
    this.#limit = limit;
  }

  /**
   * The CopyData at `at`, whole, as it may be sent: undefined: as it is; empty: not at all. Throws
   * `postgres.copy`, `limit.frame`, and what the filter throws; then nothing more may be sent.
   */
  data(view: Buffer, at: number, length: number): Buffer | undefined {
    if (this.#filled === headerSize) return this.#message(view, at, at + length);
    this.#keep(view, at + headerSize, at + length);
    return this.#message(this.#kept, 0, this.#filled);
  }

  /** CopyDone. Throws `postgres.copy` in the middle of a row. */
  done(): void {
    if (this.#filled > headerSize) throw malformedCopy("the last row is cut off");
  }

  #message(view: Buffer, at: number, end: number): Buffer | undefined {
    const rows = this.#rows;
    const splice = this.#splice;
    const whole = view !== this.#kept;
    splice.begin(view, at);
    let shown = at + headerSize;
    while (shown < end) {
      const next = rows.rowEnd(view, shown, end);
      if (next === -1) break;
      rows.rewrite(view, shown, next, splice);
      shown = next;
    }
    if (whole && shown === end && splice.untouched) return undefined;
    const message = shown === at + headerSize ? nothing : splice.finish(shown);
    if (message.length > 0) message.writeInt32BE(message.length - 1, 1);
    if (shown < end || !whole) this.#keepFrom(view, shown, end);
    return message;
  }

  /** What is left of the view is the beginning of a row. */
  #keepFrom(view: Buffer, start: number, end: number): void {
    if (view === this.#kept && start === headerSize) return;
    this.#filled = headerSize;
    if (start === end) this.#kept = nothing;
    else {
      if (view === this.#kept) this.#kept = nothing;
      this.#keep(view, start, end);
    }
  }

  #keep(view: Buffer, start: number, end: number): void {
    const needed = this.#filled + end - start;
    if (needed > this.#limit) {
      throw new PosternError(
        "limit.frame",
        `A row of a COPY is longer than ${this.#limit} bytes, and a guardrail must see it whole.`,
        { hint: "Select less of it, or have the operator raise the frame limit." },
      );
    }
    if (needed > this.#kept.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, firstKept, this.#kept.length * 2));
      grown[0] = backend.copyData;
      if (this.#filled > headerSize) this.#kept.copy(grown, headerSize, headerSize, this.#filled);
      this.#kept = grown;
    }
    view.copy(this.#kept, this.#filled, start, end);
    this.#filled = needed;
  }
}

function rowsOf(format: CopyFormat, columns: CopyColumns): CopyRows {
  if (format.name === "text") return new TextRows(format, columns);
  if (format.name === "csv") return new CsvRows(format, columns);
  return new BinaryRows(columns);
}
