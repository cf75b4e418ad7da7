import lists from "./builtins.json";

/**
 * What PostgreSQL 18 brings along. A text that names only these is told from the text alone; a function
 * somebody made in the database has a name that is not here. builtins.json is made by generate.ts.
 */

/** Functions of pg_catalog that only compute from their arguments or read the catalogue or the clock. */
export const safeFunctions = names(lists.functions);

/** The same outside pg_catalog, with their schema. */
export const safeQualified = names(lists.schemaFunctions);

/** All others with one argument: `('/etc/passwd'::text).pg_read_file` calls one like a column. */
export const unsafeAttributes = names(lists.attributes);

/** Everything in pg_catalog that is not safe to call. */
export const unsafeFunctions = names([...lists.attributes, ...lists.others]);

/** Fields of the composite values that the server's own functions answer with. */
export const compositeFields = names(lists.fields);

/** Take a whole row as their one argument: `c.row_to_json` reads every column of c. */
export const rowFunctions = names(lists.rows);

/** Tables and views that a name without a schema means before any in `public`. */
export const catalogueRelations = names(lists.relations);

/** By OID: `25` is `text`. */
export const typeNames: ReadonlyMap<number, string> = new Map(
  lists.types
    .join(",")
    .split(",")
    .map((entry) => {
      const [oid, name] = entry.split(" ") as [string, string];
      return [Number(oid), name];
    }),
);

function names(lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.join(" ").split(" "));
}
