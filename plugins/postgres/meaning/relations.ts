import type { Row } from "../control.ts";
import type { NameMention } from "../sql/mentions.ts";
import { baseOf, expressionDefinition, queryDefinition, ruleDefinition } from "./definition.ts";
import type { Definition } from "./things.ts";

/** What else happens when a relation is read or written. */
export interface RelationFacts {
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: `r` table, `p` partitioned, `v` view, `m` materialised view, `f` foreign. */
  readonly kind: string;
  readonly columns: ReadonlySet<string>;
  /** Oids of types somebody made that its columns have. */
  readonly types: readonly number[];
  /** Those of them that hold values of others: a text compared with an array of a domain is read as one. */
  readonly holding: readonly number[];
  /** Of a view or materialised view. */
  readonly query?: Definition;
  /** Of a view that may be written through: where to. */
  readonly base?: NameMention;
  readonly rules: readonly { readonly command: "insert" | "update" | "delete"; readonly does: Definition }[];
  /** Conditions of row security. */
  readonly conditions: readonly Definition[];
  /** What the server computes for its columns: where they are generated for each write, else where nothing is given. */
  readonly values: readonly { readonly generated: boolean; readonly does: Definition }[];
  /** Tables that refer to it: what becomes of their rows. */
  readonly referring: readonly (NameMention & { readonly onDelete: string; readonly onUpdate: string })[];
  readonly children: readonly NameMention[];
}

/** As it is asked for: an empty schema is any. */
export function relationKey(schema: string, name: string): string {
  return JSON.stringify([schema, name]);
}

export function nameIn(key: string): string {
  return (JSON.parse(key) as [string, string])[1];
}

/** Whether a key means a relation of its name in that schema. */
export function meantBy(key: string, schema: string): boolean {
  const [wanted] = JSON.parse(key) as [string, string];
  return wanted === "" || wanted === schema || (wanted === "pg_temp" && schema.startsWith("pg_temp_"));
}

const events: Readonly<Record<string, "insert" | "update" | "delete">> = {
  2: "update",
  3: "insert",
  4: "delete",
};

export function relationFacts(row: Row): RelationFacts {
  const [schema, name, kind, columns, types, view, rules, conditions, values, instead] = row;
  const [referring, children, holding] = row.slice(10);
  const base = view != null && kind === "v" && instead !== "t" ? baseOf(view) : undefined;
  return {
    schema: schema ?? "",
    name: name ?? "",
    kind: kind ?? "",
    columns: new Set(parsed<string>(columns)),
    types: parsed<number>(types),
    holding: parsed<number>(holding),
    ...(view == null ? {} : { query: queryDefinition(view) }),
    ...(base === undefined ? {} : { base }),
    rules: parsed<[string, string]>(rules).flatMap(([event, source]) => {
      const command = events[event];
      return command === undefined ? [] : { command, does: ruleDefinition(source) };
    }),
    conditions: parsed<string>(conditions).map(expressionDefinition),
    values: parsed<[boolean, string]>(values).map(([generated, source]) => ({
      generated,
      does: expressionDefinition(source),
    })),
    referring: parsed<[string, string, string, string]>(referring).map(
      ([schema, name, onDelete, onUpdate]) => ({ schema, name, onDelete, onUpdate }),
    ),
    children: parsed<[string, string]>(children).map(([schema, name]) => ({ schema, name })),
  };
}

function parsed<T>(json: string | null | undefined): readonly T[] {
  return json == null ? [] : (JSON.parse(json) as T[]);
}
