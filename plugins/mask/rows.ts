import type { Column, RowFilter } from "../../core/plugin.ts";
import { type Cell, cellsOf } from "./cells.ts";
import type { Finder } from "./found.ts";
import type { Masks } from "./options.ts";
import { type Substitute, withholding } from "./strategy.ts";
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
    always: concerned.filter((index) => cells[index]?.always === true),
    show(column, bytes, start, end) {
      const cell = cells[column];
      return cell === undefined ? null : cell(bytes, start, end);
    },
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
  if (column.origins === "unknown" && masks.columns.length > 0) return masked(column, withholding, issued);
  return masks.kinds.length === 0 ? undefined : cellsOf(column, masks, column.plain ? stored : computed);
}

/** Nothing but text can hold a mask: elsewhere it is NULL. */
function masked({ holdsText, name }: Column, substitute: Substitute, issued: Shown | undefined): Cell {
  if (!holdsText || substitute.always === null) return whatever(() => null);
  const { always } = substitute;
  if (always !== undefined) return constant(always, () => issued?.note(always, name));
  return (bytes, start, end) => {
    const shown = substitute.ofBytes(bytes, start, end, undefined);
    if (shown !== null) issued?.note(shown, name);
    return shown;
  };
}

/** The same in place of every value; `met` is called at the first. */
function constant(text: string, met: () => void): Cell {
  const shown = Buffer.from(text);
  let unmet = true;
  return whatever(() => {
    if (unmet) met();
    unmet = false;
    return shown;
  });
}

/** It never looks at the value. */
function whatever(cell: Cell): Cell {
  return Object.assign(cell, { always: true as const });
}
