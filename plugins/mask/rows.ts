import type { Column, RowFilter } from "../../core/plugin.ts";
import { type Cell, cellsOf } from "./cells.ts";
import type { Finder } from "./found.ts";
import type { Masks } from "./options.ts";
import { type Substitute, withheld } from "./strategy.ts";

/**
 * What becomes of the columns of one result. A column is masked where its own name or any column that it may come
 * from is; where that cannot be told and columns are masked at all, it is withheld.
 */
export function filterOf(columns: readonly Column[], masks: Masks, finder: Finder): "clear" | RowFilter {
  const cells = columns.map((column) => cellOf(column, masks, finder));
  const concerned = cells.flatMap((cell, index) => (cell === undefined ? [] : index));
  if (concerned.length === 0) return "clear";
  return {
    columns: concerned,
    cell: (column, value) => cells[column]?.(value) ?? null,
  };
}

function cellOf(column: Column, masks: Masks, finder: Finder): Cell | undefined {
  const mask = masks.columns.find(({ matches }) => {
    if (matches.name(column.name)) return true;
    return column.origins !== "unknown" && column.origins.some((origin) => matches.origin(origin));
  });
  if (mask !== undefined) return masked(column, mask.substitute);
  if (column.origins === "unknown" && masks.columns.length > 0) return masked(column, () => withheld);
  return masks.kinds.length === 0 ? undefined : cellsOf(column, masks, finder);
}

/** Nothing but text can hold a mask: elsewhere it is NULL. */
function masked({ holdsText }: Column, substitute: Substitute): Cell {
  if (!holdsText) return () => null;
  return (value) => {
    const shown = substitute(
      Buffer.from(value.buffer, value.byteOffset, value.length).toString("utf8"),
      undefined,
    );
    return shown === null ? null : Buffer.from(shown);
  };
}
