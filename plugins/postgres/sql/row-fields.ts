import type { Origin } from "../../../core/plugin.ts";
import type { Output } from "./output.ts";
import type { Scope } from "./outputs.ts";

/** What one field of a column of rows may come from; undefined: nobody can tell. */
export function fieldOf({ row, origins }: Output, name: string): Output["origins"] | undefined {
  if (row === undefined || origins === "unknown" || !row.fields.includes(name)) return undefined;
  const other = ({ table, column }: Origin) =>
    table === row.table && column !== name && row.fields.includes(column);
  return [...origins.filter((origin) => !other(origin)), { column: name }];
}

/**
 * Those of the nearest query around an expression that has a column of that name. Empty: none, or one before it has
 * columns of which only the server knows the names.
 */
export function nearest(name: string, scope: Scope): readonly Output[] {
  for (let here: Scope | undefined = scope; here !== undefined; here = here.outer) {
    const all = here.items.flatMap(({ outputs }) => outputs);
    const own = all.filter((each) => each.name === name);
    if (own.length > 0 || all.some((each) => each.name === undefined)) return own;
  }
  return [];
}
