import { oneLine, printable } from "./terminal.ts";

/** Of a column that others follow, in characters: callers choose some names. */
const widest = 80;

/**
 * Columns under headings, two spaces apart; the last one as long as it is. "" for no rows. What a caller may have
 * written is shown as `printable` has it.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const all = [headings, ...rows].map((row) =>
    row.map((cell, at) => shown(cell, at === headings.length - 1)),
  );
  const widths = headings.map((_, at) => Math.max(...all.map((row) => (row[at] ?? "").length)));
  return all
    .map((row) =>
      headings
        .map((_, at) => (row[at] ?? "").padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
    .concat("\n");
}

/** Names and values, one a line. */
export function list(pairs: readonly (readonly [string, string | undefined])[]): string {
  const present = pairs.filter(([, value]) => value !== undefined);
  const width = Math.max(...present.map(([name]) => name.length));
  return present.map(([name, value]) => `${name.padEnd(width)}  ${printable(value ?? "")}\n`).join("");
}

function shown(cell: string, last: boolean): string {
  const text = oneLine(cell);
  return last || text.length <= widest ? text : `${text.slice(0, widest - 1)}…`;
}
