import type { Row } from "../control.ts";
import type { Reference } from "./things.ts";
import { references } from "./types.ts";

/** What is run by who reads a view, or a table with row security. */
export interface Reading {
  readonly oid: number;
  readonly name: string;
  readonly functions: readonly Reference[];
  /** Relations that it reads in turn, and types that it names, by oid. */
  readonly relations: readonly number[];
  readonly types: readonly number[];
}

/** From a row of `readingsQuery`. */
export function reading([oid, name, functions, relations, types]: Row): Reading {
  const oids = (json: string | null | undefined) => (json == null ? [] : (JSON.parse(json) as number[]));
  return {
    oid: Number(oid),
    name: name ?? "",
    functions: references(functions),
    relations: oids(relations),
    types: oids(types),
  };
}
