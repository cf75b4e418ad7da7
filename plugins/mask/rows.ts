import type { Column, RowFilter } from "../../core/plugin.ts";
import { type Cell, cellsOf } from "./cells.ts";
import type { Finder } from "./found.ts";
import type { Masks } from "./options.ts";
import { type Substitute, withheld } from "./strategy.ts";
import type { Shown } from "./written-back.ts";

/**
 * What becomes of the columns of one result. A column is masked where its own name or any column that it may come
 * from is; where that cannot be told and columns are masked at all, it is withheld.
 */
export function filterOf(
  columns: readonly Column[],
  masks: Masks,
  finders: Finders,
  issued?: Shown,
): "clear" | RowFilter {
  const cells = columns.map((column) => cellOf(column, masks, finders, issued));
  const concerned = cells.flatMap((cell, index) => (cell === undefined ? [] : index));
  if (concerned.length === 0) return "clear";
  return {
    columns: concerned,
    cell: (column, value) => cells[column]?.(value) ?? null,
  };
}

/** What looks into stored values, and into those that the caller may have made. */
export interface Finders {
  readonly stored: Finder;
  readonly computed: Finder;
}

function cellOf(
  column: Column,
  masks: Masks,
  { stored, computed }: Finders,
  issued: Shown | undefined,
): Cell | undefined {
  const mask = masks.columns.find(({ matches }) => {
    if (matches.name(column.name)) return true;
    return column.origins !== "unknown" && column.origins.some((origin) => matches.origin(origin));
  });
  if (mask !== undefined) return masked(column, column.plain ? mask.substitute : mask.computed, issued);
  if (column.origins === "unknown" && masks.columns.length > 0) return masked(column, () => withheld, issued);
  return masks.kinds.length === 0 ? undefined : cellsOf(column, masks, column.plain ? stored : computed);
}

/** Nothing but text can hold a mask: elsewhere it is NULL. */
function masked({ holdsText, name }: Column, substitute: Substitute, issued: Shown | undefined): Cell {
  if (!holdsText) return () => null;
  return (value) => {
    const shown = substitute(
      Buffer.from(value.buffer, value.byteOffset, value.length).toString("utf8"),
      undefined,
    );
    if (shown === null) return null;
    issued?.note(shown, name);
    return Buffer.from(shown);
  };
}
