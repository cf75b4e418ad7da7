import { type Action, nothing } from "../../../core/plugin.ts";
import type { Row } from "../control.ts";
import { safeFunctions, unsafeFunctions } from "../sql/builtins.ts";
import { shownBy } from "../sql/metadata.ts";
import { identifier } from "../sql/names.ts";
import { type Reference, volatile } from "./things.ts";

/** The schema and name of one function. */
export const functionQuery = `
select n.nspname, p.proname from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.oid = $1::pg_catalog.oid`;

/** A call of a function that somebody made, by its number. */
export function calling(own: Reference, isVolatile: boolean): Action {
  const on = `${identifier(own.schema)}.${identifier(own.name)}`;
  return { effect: "execute", on, ...(isVolatile ? { traits: [volatile] } : {}) };
}

/** The same of one of the server's own; set_config is told from its arguments, which nobody reads here. */
export function calledByNumber([row]: readonly Row[]): Action | undefined {
  const [schema, name] = row ?? [];
  if (schema !== "pg_catalog" || name == null || name === "set_config") return undefined;
  if (safeFunctions.has(name)) return { effect: "read", on: shownBy(name, undefined) ?? nothing };
  return unsafeFunctions.has(name) ? { effect: "execute", on: `pg_catalog.${identifier(name)}` } : undefined;
}
