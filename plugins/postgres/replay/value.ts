import { binaryText } from "../binary/index.ts";
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

const numbers: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 790, 1700]);

/** Whether a column is aligned to the right, as psql does. */
export function isNumber(field: RowField | undefined): boolean {
  return field !== undefined && numbers.has(field.typeOid);
}

/** A cell as psql would show it. Without its column nobody knows its format: it is shown as text. */
export function cellText(bytes: Buffer, field: RowField | undefined): string {
  if (field?.format !== "binary") return visible(bytes.toString("utf8"));
  return visible(binaryText(field.typeOid, bytes) ?? `\\x${bytes.toString("hex")}`);
}
