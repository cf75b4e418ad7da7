import { backend } from "./message.ts";
import { BodyReader, malformed } from "./read.ts";
import { cstring, int16, int32, message } from "./write.ts";

/** One column of a RowDescription. */
export interface RowField {
  readonly name: string;
  /** Oid of the table the column was read from; 0: from none. */
  readonly tableOid: number;
  /** Attribute number in that table; 0: from none. */
  readonly column: number;
  readonly typeOid: number;
  /** Bytes; negative: of variable width. */
  readonly typeSize: number;
  readonly typmod: number;
  readonly format: "text" | "binary";
}

/** Decodes the body of a RowDescription. */
export function rowDescription(view: Buffer, start: number, end: number): RowField[] {
  const body = new BodyReader(view, start, end, "RowDescription");
  const fields: RowField[] = [];
  for (let left = body.uint16(); left > 0; left -= 1) {
    fields.push({
      name: body.string(),
      tableOid: body.uint32(),
      column: body.int16(),
      typeOid: body.uint32(),
      typeSize: body.int16(),
      typmod: body.int32(),
      format: formatOf(body.int16(), body.message),
    });
  }
  body.done();
  return fields;
}

export function formatOf(code: number, messageName: string): "text" | "binary" {
  if (code === 0) return "text";
  if (code === 1) return "binary";
  throw malformed(messageName, `no format has the number ${code}`);
}

export function rowDescriptionMessage(fields: readonly RowField[]): Buffer {
  const parts = fields.flatMap((field) => [
    cstring(field.name),
    int32(field.tableOid),
    int16(field.column),
    int32(field.typeOid),
    int16(field.typeSize),
    int32(field.typmod),
    int16(field.format === "binary" ? 1 : 0),
  ]);
  return message(backend.rowDescription, int16(fields.length), ...parts);
}

/** Decodes the body of a ParameterDescription: the oid of each parameter's type. */
export function parameterDescription(view: Buffer, start: number, end: number): number[] {
  const body = new BodyReader(view, start, end, "ParameterDescription");
  const oids = Array.from({ length: body.uint16() }, () => body.uint32());
  body.done();
  return oids;
}

/**
 * Walks the cells of DataRows. One object serves all rows of a result: `open` a row, then `next` until
 * it says false, which also proves that the row's length is that of its cells.
 */
export class CellWalker {
  /** The cell's place in the row, from 0. */
  index = -1;
  /** Offset of the cell's first byte in the view given to `open`. */
  start = 0;
  /** Bytes; -1: NULL. */
  length = -1;
  /** Cells in this row. */
  count = 0;
  #view: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  /** `start` and `end` bound the body of one DataRow. Returns the number of cells. */
  open(view: Buffer, start: number, end: number): number {
    if (end > view.length || start < 0 || end - start < 2) throw malformed("DataRow", "it is cut off");
    this.#view = view;
    this.#at = start + 2;
    this.#end = end;
    this.index = -1;
    this.count = view.readUInt16BE(start);
    return this.count;
  }

  next(): boolean {
    const at = this.#at;
    if (this.index + 1 >= this.count) {
      if (at !== this.#end) throw malformed("DataRow", `${this.#end - at} bytes too many`);
      return false;
    }
    if (this.#end - at < 4) throw malformed("DataRow", "it is cut off");
    const length = this.#view.readInt32BE(at);
    if (length < -1 || length > this.#end - at - 4) throw malformed("DataRow", "a cell does not fit in it");
    this.index += 1;
    this.start = at + 4;
    this.length = length;
    this.#at = at + 4 + (length === -1 ? 0 : length);
    return true;
  }
}

/** For small answers of our own and tests. */
export function dataRow(cells: readonly (Uint8Array | string | null)[]): Buffer {
  const parts = cells.flatMap((cell) => {
    if (cell === null) return [int32(-1)];
    const bytes = typeof cell === "string" ? Buffer.from(cell, "utf8") : cell;
    return [int32(bytes.length), bytes];
  });
  return message(backend.dataRow, int16(cells.length), ...parts);
}
