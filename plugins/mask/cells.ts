import type { Column, RowFilter } from "../../core/plugin.ts";
import { int8Text, numericText } from "./binary.ts";
import { maskDocument } from "./document.ts";
import type { Finder } from "./found.ts";
import type { Masks } from "./options.ts";

/** What to send for the cell that stands in `bytes` from `start` to `end`: undefined: what it is, null: SQL NULL. */
export type Cell = RowFilter["show"] extends (column: number, ...cell: infer Place) => infer Shown
  ? { (...cell: Place): Shown /** Whatever the value is. */; readonly always?: true }
  : never;

/** Types whose values say nothing that a detector looks for. */
const nothingToFind = new Set(
  `bool int2 int4 float4 float8 money char date time timetz timestamp timestamptz interval uuid oid xid xid8 cid tid
  bit varbit point line lseg box path polygon circle macaddr macaddr8 pg_lsn tsvector void regclass regtype regproc
  _bool _int2 _int4 _float4 _float8 _date _time _timestamp _timestamptz _uuid _oid`.split(/\s+/),
);

/** Made of text: a mask in their text is still a value of theirs. */
const textInside = new Set(["xml", "_text", "_varchar", "_bpchar", "record", "_name"]);

/** Looks into the cells of one column; undefined: there is nothing to look for in its type. */
export function cellsOf(column: Column, masks: Masks, finder: Finder): Cell | undefined {
  const { type, format, holdsText } = column;
  if (nothingToFind.has(type)) return undefined;
  const binary = format === "binary";
  if (binary && (type === "int8" || type === "numeric")) {
    if (!masks.kinds.includes("card")) return undefined;
    const text = type === "int8" ? int8Text : numericText;
    return (...cell) => ifAny(finder.finds(Buffer.from(text(cellAt(...cell)))));
  }
  if (binary && (type === "inet" || type === "cidr"))
    return masks.kinds.includes("ip") ? () => null : undefined;
  if (type === "bytea" && !binary)
    return (...cell) => ifAny(finder.finds(...cell) || finder.finds(fromHex(cellAt(...cell))));
  if (type === "json" || (type === "jsonb" && !binary)) return (...cell) => json(cellAt(...cell), 0, finder);
  if (type === "jsonb") return (...cell) => json(cellAt(...cell), 1, finder);
  if (holdsText || type === "xml" || (!binary && textInside.has(type)))
    return (bytes, start, end) => finder.replace(bytes, start, end);
  return (bytes, start, end) => ifAny(finder.finds(bytes, start, end));
}

function ifAny(found: boolean): null | undefined {
  return found ? null : undefined;
}

function cellAt(bytes: Buffer, start: number, end: number): Buffer {
  return bytes.subarray(start, end);
}

/** It stays JSON, or it goes. `header`: bytes before the document (jsonb's version in binary format). */
function json(value: Buffer, header: number, finder: Finder): Uint8Array | null | undefined {
  const body = value.subarray(header);
  // Where nothing is escaped, what is found stands in the text as it is, and all else stays to the byte.
  const escaped = body.includes(backslash);
  const inPlace = escaped ? undefined : finder.replace(body);
  if (!escaped && inPlace === undefined) return undefined;
  try {
    const shown = inPlace && isJson(inPlace) ? inPlace : rewritten(body, finder);
    return shown && Buffer.concat([value.subarray(0, header), shown]);
  } catch {
    return null;
  }
}

/** undefined: there is nothing to replace. */
function rewritten(body: Buffer, finder: Finder): Uint8Array | undefined {
  const before: unknown = JSON.parse(body.toString("utf8"));
  const after = maskDocument(before, finder);
  return after === before ? undefined : Buffer.from(JSON.stringify(after));
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(textOf(bytes));
    return true;
  } catch {
    return false;
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

const backslash = 92;

function fromHex(value: Buffer): Buffer {
  return Buffer.from(value.toString("latin1", 2), "hex");
}
