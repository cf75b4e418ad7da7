import { type Origin, PosternError } from "../../core/plugin.ts";

/** Whether a mask for one column is for this one. Upper and lower case are the same: a mask too many is no leak. */
export interface ColumnMatcher {
  /** What the answer calls it; the origins may be others. */
  name(name: string): boolean;
  origin(origin: Origin): boolean;
}

export function columnMatcher(pattern: string | RegExp): ColumnMatcher {
  return typeof pattern === "string" ? byName(pattern) : byPattern(pattern);
}

function byName(pattern: string): ColumnMatcher {
  const [column = "", table, schema, ...more] = pattern.toLowerCase().split(".").toReversed();
  if (column === "" || table === "" || schema === "" || more.length > 0) {
    throw new PosternError("mask.column", `"${pattern}" names no column.`, {
      hint: "Write `column`, `table.column` or `schema.table.column`, or a regular expression.",
    });
  }
  const full = schema === undefined ? undefined : `${schema}.${table}`;
  return {
    name: (name) => table === undefined && name.toLowerCase() === column,
    origin(origin) {
      if (origin.column.toLowerCase() !== column) return false;
      if (table === undefined || origin.table === undefined) return true;
      const from = origin.table.toLowerCase();
      return full === undefined ? from.slice(from.lastIndexOf(".") + 1) === table : from === full;
    },
  };
}

/** A regular expression sees the column's name and `schema.table.column`. */
function byPattern(pattern: RegExp): ColumnMatcher {
  const one = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
  // It asks for a table, and where that is not known it has to be assumed.
  const asksTable = pattern.source.includes("\\.");
  return {
    name: (name) => one.test(name),
    origin: ({ table, column }) =>
      one.test(column) || (table === undefined ? asksTable : one.test(`${table}.${column}`)),
  };
}
