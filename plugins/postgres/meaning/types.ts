import type { Row } from "../control.ts";
import { Body } from "./body.ts";
import { expressionDefinition } from "./definition.ts";
import type { Definition, Named, Reference } from "./things.ts";

export interface TypeFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** What reads and writes its values. */
  readonly functions: readonly Reference[];
  /** Of a domain. */
  readonly checks: readonly Definition[];
  /** The checks, where there are any, as a body is looked through. */
  readonly condition?: Body;
  /** Types that it is made of. */
  readonly parts: readonly number[];
  /** What makes a value of it, or of what it is made of, out of another type's. */
  readonly casts: readonly Reference[];
  /** Of a domain: what a column of it gets where nothing is said. */
  readonly byDefault?: Definition;
  /** A table's row: its values are made where the table is written. */
  readonly ofTable: boolean;
}

/** What a name of a type may mean. */
export interface TypesCalled {
  readonly types: readonly TypeFacts[];
  /** Functions that make a value of a type of that name out of another's. */
  readonly casts: readonly Named[];
}

/** From the rows of `typesQuery` whose third column is that name. */
export function typesCalled(rows: readonly Row[]): TypesCalled {
  return {
    types: rows.filter(([kind]) => kind === "type").map(typeFacts),
    casts: rows.filter(([kind]) => kind === "cast").flatMap(castsOf),
  };
}

export function typeFacts(row: Row): TypeFacts {
  const [, schema, name, functions, oid, parts, checks, casts, byDefault, ofTable] = row;
  const sources = checks == null ? [] : (JSON.parse(checks) as string[]);
  return {
    oid: Number(oid),
    schema: schema ?? "",
    name: name ?? "",
    functions: references(functions),
    parts: parts == null ? [] : (JSON.parse(parts) as number[]),
    checks: sources.map(expressionDefinition),
    ...(sources.length === 0 ? {} : { condition: new Body(sources.join(" "), []) }),
    casts: references(casts),
    ...(byDefault == null ? {} : { byDefault: expressionDefinition(byDefault) }),
    ofTable: ofTable === "true",
  };
}

function castsOf([, schema, name, functions]: Row): Named[] {
  return references(functions).map((one) => ({ schema: schema ?? "", name: name ?? "", function: one }));
}

/** [oid, schema, name] of functions, as a JSON list. */
export function references(json: string | null | undefined): Reference[] {
  const list = json == null ? [] : (JSON.parse(json) as [number, string, string][]);
  return list.map(([oid, schema, name]) => ({ oid, schema, name }));
}
