import type { Column } from "../../core/plugin.ts";
import { int8Text, numericText } from "./binary.ts";
import { maskDocument } from "./document.ts";
import type { Finder } from "./found.ts";
import type { Masks } from "./options.ts";

/** The bytes to send for a cell: the same view, others, or null for SQL NULL. */
export type Cell = (value: Uint8Array) => Uint8Array | null;

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
    return (value) => (finder.finds(Buffer.from(text(value))) ? null : value);
  }
  if (binary && (type === "inet" || type === "cidr"))
    return masks.kinds.includes("ip") ? () => null : undefined;
  if (type === "bytea" && !binary)
    return (value) => (finder.finds(value) || finder.finds(fromHex(value)) ? null : value);
  if (type === "json" || (type === "jsonb" && !binary)) return (value) => json(value, 0, finder);
  if (type === "jsonb") return (value) => json(value, 1, finder);
  if (holdsText || type === "xml" || (!binary && textInside.has(type)))
    return (value) => finder.replace(value);
  return (value) => (finder.finds(value) ? null : value);
}

/** It stays JSON, or it goes. `header`: bytes before the document (jsonb's version in binary format). */
function json(value: Uint8Array, header: number, finder: Finder): Uint8Array | null {
  const body = value.subarray(header);
  // Where nothing is escaped, what is found stands in the text as it is, and all else stays to the byte.
  const inPlace = body.includes(backslash) ? undefined : finder.replace(body);
  if (inPlace === body) return value;
  try {
    const shown = inPlace && isJson(inPlace) ? inPlace : rewritten(body, finder);
    return shown === body ? value : Buffer.concat([value.subarray(0, header), shown]);
  } catch {
    return null;
  }
}

function rewritten(body: Uint8Array, finder: Finder): Uint8Array {
  const before: unknown = JSON.parse(textOf(body));
  const after = maskDocument(before, finder);
  return after === before ? body : Buffer.from(JSON.stringify(after));
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

function fromHex(value: Uint8Array): Uint8Array {
  return Buffer.from(textOf(value.subarray(2)), "hex");
}
