import type { Origin } from "../../../core/plugin.ts";
import type { ColumnFacts } from "../catalogue.ts";
import { type Child, firstOwn, maxChildren, type NumberedColumn, type RelationRow } from "./facts.ts";

/**
 * System relations whose values are samples of other tables' values, or their bytes: pg_stats shows the
 * most common e-mail addresses of a table that the caller may only see masked.
 */
const samples: ReadonlySet<string> = new Set([
  "pg_largeobject",
  "pg_statistic",
  "pg_statistic_ext_data",
  "pg_stats",
  "pg_stats_ext",
  "pg_stats_ext_exprs",
]);

/**
 * The stored columns that a column's values may come from: itself, then its parents' and partitions' and
 * what it is generated from. A view's column that is a plain column is followed; any other one may come
 * from everything that the view names. `unknown` when it cannot be told.
 */
export function originsOf(
  relation: RelationRow,
  column: NumberedColumn,
  find: (oid: number) => RelationRow | undefined,
): readonly Origin[] | "unknown" {
  const walk = new Walk(find);
  return walk.read(relation, column) ? [...walk.origins.values()] : "unknown";
}

/** The type of a column whose values are rows, and nobody but who stores them puts them together. */
export function rowOf(
  { view, children }: RelationRow,
  { generated, fields }: NumberedColumn,
): ColumnFacts["row"] {
  const [table, ...others] = new Set(fields.map(({ schema, type }) => nameOf({ schema, name: type })));
  const computed = generated || view !== undefined || children.some(({ computes }) => computes !== undefined);
  if (table === undefined || others.length > 0 || computed) return undefined;
  return { table, fields: fields.map(({ name }) => name) };
}

/** Gathers origins. Each step returns false when they cannot be told. */
class Walk {
  readonly origins = new Map<string, Origin>();
  readonly #visited = new Set<string>();
  readonly #find: (oid: number) => RelationRow | undefined;

  constructor(find: (oid: number) => RelationRow | undefined) {
    this.#find = find;
  }

  /** A column that a query reads: its rows are those of the relation's children too. */
  read(relation: RelationRow, column: NumberedColumn): boolean {
    const step = `${relation.oid} ${column.number}`;
    if (this.#visited.has(step)) return true;
    this.#visited.add(step);
    this.#add({ table: nameOf(relation), column: column.name });
    for (const { schema, type, name } of column.fields)
      this.#add({ table: nameOf({ schema, name: type }), column: name });
    if (isSample(relation) || showsStatements(relation, column)) return false;
    if (relation.children.length > maxChildren) this.#add({ column: column.name });
    // A child's own name for a column is its parent's.
    else if (!relation.children.every((child) => this.#child(child, column.name))) return false;
    for (const { column: target, from } of relation.generated) {
      const source = relation.columns.find(({ number }) => number === from);
      if (target === column.number && source && !this.read(relation, source)) return false;
    }
    return (
      this.#above(relation, column.name) && (relation.view === undefined || this.#view(relation, column))
    );
  }

  #child(child: Child, column: string): boolean {
    this.#add({ table: nameOf(child), column });
    if (child.computes === undefined) return true;
    const relation = this.#find(child.computes);
    const own = relation?.columns.find(({ name }) => name === column);
    return relation !== undefined && own !== undefined && this.read(relation, own);
  }

  /** Who names a column of a parent means those of its children. */
  #above(relation: RelationRow, column: string): boolean {
    return relation.parents.every((oid) => {
      const parent = this.#find(oid);
      if (!parent) return false;
      if (parent.columns.some(({ name }) => name === column)) this.#add({ table: nameOf(parent), column });
      return this.#above(parent, column);
    });
  }

  #view({ view, oid: own, schema }: RelationRow, { number }: NumberedColumn): boolean {
    if (!view) return false;
    // Those that the server brings along make of whole rows the oid of a type and its modifier, and nothing else.
    const made = own >= firstOwn;
    const wholes = view.wholeRow && (made || schema !== "information_schema");
    const plain = view.plain.find((target) => target.number === number);
    if (plain && plain.column !== 0) {
      const source = this.#find(plain.relation);
      const column = source?.columns.find((each) => each.number === plain.column);
      return source !== undefined && column !== undefined && this.read(source, column);
    }
    if (view.opaque) return false;
    return view.relations.every((oid) => {
      const source = this.#find(oid);
      // What a view names of the server's own relations is not written down.
      if (!source || isSample(source) || (made && (isAttributes(source) || isActivity(source)))) return false;
      const named = view.columns.filter(({ relation }) => relation === oid).map(({ column }) => column);
      const used = source.columns.filter((each) => wholes || named.includes(each.number));
      return used.every((column) => this.read(source, column));
    });
  }

  #add(origin: Origin): void {
    this.origins.set(JSON.stringify([origin.table, origin.column]), origin);
  }
}

function nameOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`;
}

function isSample({ schema, name }: RelationRow): boolean {
  return schema === "pg_catalog" && samples.has(name);
}

/** In `attmissingval` is the value that rows have in a column that was added after them. */
function isAttributes({ schema, name }: RelationRow): boolean {
  return schema === "pg_catalog" && name === "pg_attribute";
}

/** Other sessions' statements, with the values in them. */
function showsStatements(relation: RelationRow, column: NumberedColumn): boolean {
  return isActivity(relation) && column.name === "query";
}

function isActivity({ schema, name }: RelationRow): boolean {
  return schema === "pg_catalog" && name === "pg_stat_activity";
}

/** The relations that must be known before the origins of this one can be told. */
export function reliesOn({ parents, children, view }: RelationRow): readonly number[] {
  const computing = children.length > maxChildren ? [] : children.flatMap(({ computes }) => computes ?? []);
  return [...parents, ...computing, ...(view?.relations ?? [])];
}
