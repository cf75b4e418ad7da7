import type { RowField } from "../wire/rows.ts";

/** What a terminal would obey is written out, so that no recorded value plays tricks on whoever watches. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => {
    if (char === "\n") return "\\n";
    if (char === "\t") return "\\t";
    const code = char.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** The same, but the text keeps its lines. */
export function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}

/** Oids of pg_type whose binary form a terminal can show; any other is shown as hex digits. */
const readers: ReadonlyMap<number, (bytes: Buffer) => string> = new Map([
  [16, sized(1, (bytes) => (bytes[0] === 0 ? "f" : "t"))],
  [20, sized(8, (bytes) => bytes.readBigInt64BE().toString())],
  [21, sized(2, (bytes) => bytes.readInt16BE().toString())],
  [23, sized(4, (bytes) => bytes.readInt32BE().toString())],
  [26, sized(4, (bytes) => bytes.readUInt32BE().toString())],
  [700, sized(4, (bytes) => bytes.readFloatBE().toString())],
  [701, sized(8, (bytes) => bytes.readDoubleBE().toString())],
  ...[18, 19, 25, 114, 705, 1042, 1043].map((oid) => [oid, utf8] as const),
]);

const numbers: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 790, 1700]);

/** Whether a column is aligned to the right, as psql does. */
export function isNumber(field: RowField | undefined): boolean {
  return field !== undefined && numbers.has(field.typeOid);
}

/** A cell as psql would show it. Without its column nobody knows its format: it is shown as text. */
export function cellText(bytes: Buffer, field: RowField | undefined): string {
  if (field?.format !== "binary") return visible(utf8(bytes));
  return visible((readers.get(field.typeOid) ?? hex)(bytes));
}

function sized(length: number, read: (bytes: Buffer) => string): (bytes: Buffer) => string {
  return (bytes) => (bytes.length === length ? read(bytes) : hex(bytes));
}

function utf8(bytes: Buffer): string {
  return bytes.toString("utf8");
}

function hex(bytes: Buffer): string {
  return `\\x${bytes.toString("hex")}`;
}
