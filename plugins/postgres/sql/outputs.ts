import type { Origin } from "../../../core/plugin.ts";
import type { TableFacts } from "../catalogue.ts";
import { compositeFields } from "./builtins.ts";
import { isNode, list, type Node, parts, text, unwrap } from "./node.ts";
import { named, type Output, renamed, united, untold } from "./output.ts";
import {
  countsColumn,
  hasStar,
  isStar,
  onlyComputes,
  showsValues,
  systemColumns,
  type Tree,
  tableFunctions,
} from "./refs.ts";
import { relationOf } from "./relations.ts";
import { fieldOf, nearest } from "./row-fields.ts";

/** What a name as SQL writes it may mean; undefined: not known. */
export type Tables = (name: string) => readonly TableFacts[] | undefined;

/**
 * The columns of a query by their place, each with what it alone comes from, through subqueries, WITH, joins and stars.
 * undefined: the text and the catalogue do not tell for certain.
 */
export function outputsOf({ kind, node }: Tree, tables: Tables): readonly Output[] | undefined {
  if (kind !== "SelectStmt") return undefined;
  try {
    return new Resolver(tables).query(node, new Map(), undefined);
  } catch (error) {
    if (error === untold) return undefined;
    throw error;
  }
}

/** Queries in WITH; undefined: one whose columns nobody can tell here. */
export type Queries = ReadonlyMap<string, readonly Output[] | undefined>;

/** What a name in an expression may mean: what FROM has, then what the query around it has. */
export interface Scope {
  readonly items: Item[];
  readonly queries: Queries;
  readonly outer: Scope | undefined;
}

interface Item {
  readonly alias: string | undefined;
  readonly outputs: readonly Output[];
}

/** Each method throws `untold`. */
export class Resolver {
  constructor(readonly tables: Tables) {}

  query(select: Node, around: Queries, outer: Scope | undefined): readonly Output[] {
    if ("intoClause" in select) throw untold;
    const queries = this.with(select.withClause, around, outer);
    if (isNode(select.larg) && isNode(select.rarg)) {
      const left = this.query(select.larg, queries, outer);
      const right = this.query(select.rarg, queries, outer);
      if (left.length !== right.length || [...left, ...right].some(({ many }) => many)) throw untold;
      return left.map((each, at) => named(each.name, united([each, right[at] as Output])));
    }
    const items: Item[] = [];
    const scope: Scope = { items, queries, outer };
    if ("valuesLists" in select) return this.#values(list(select.valuesLists), scope);
    const all = list(select.fromClause).flatMap((from) => this.from(from, items, scope));
    return list(select.targetList).flatMap((target) => this.#target(target, all, scope));
  }

  with(clause: unknown, around: Queries, outer: Scope | undefined): Queries {
    if (!isNode(clause)) return around;
    const queries = new Map(around);
    const all = list(clause.ctes).map((each) => unwrap(each)?.node ?? {});
    // In a recursive one the name means itself, of which nothing is known yet.
    if (clause.recursive === true) for (const each of all) queries.set(text(each.ctename) ?? "", undefined);
    for (const each of all) queries.set(text(each.ctename) ?? "", this.#common(each, queries, outer));
    return queries;
  }

  #common(query: Node, queries: Queries, outer: Scope | undefined): readonly Output[] | undefined {
    const inner = unwrap(query.ctequery);
    if (inner?.kind !== "SelectStmt" || "search_clause" in query || "cycle_clause" in query) return undefined;
    try {
      return renamed(this.query(inner.node, queries, outer), parts(query.aliascolnames));
    } catch (error) {
      if (error === untold) return undefined;
      throw error;
    }
  }

  #values(rows: readonly unknown[], scope: Scope): readonly Output[] {
    const columns: Output[] = [];
    for (const row of rows) {
      for (const [at, value] of list(unwrap(row)?.node.items).entries()) {
        const here = named(`column${at + 1}`, this.origins(value, scope));
        columns[at] = columns[at] === undefined ? here : named(here.name, united([columns[at], here]));
      }
    }
    return columns;
  }

  #target(target: unknown, all: readonly Output[], scope: Scope): readonly Output[] {
    const node = unwrap(target)?.node ?? {};
    const value = unwrap(node.val);
    if (isStar(target)) {
      const of = parts(value?.node.fields).at(-1);
      return of === undefined ? all : this.#item(of, scope).outputs;
    }
    if (value?.kind === "A_Indirection" && hasStar(value.node.indirection)) throw untold;
    const own = value?.kind === "ColumnRef" ? parts(value.node.fields).at(-1) : undefined;
    return [named(text(node.name) ?? own, this.origins(node.val, scope))];
  }

  /** The columns that one item of FROM adds to `*`, and its names to the scope. */
  from(from: unknown, items: Item[], scope: Scope): readonly Output[] {
    const { kind, node } = unwrap(from) ?? { kind: "", node: {} };
    if (kind === "JoinExpr") return this.#join(node, items, scope);
    if (kind === "RangeTableSample") return this.from(node.relation, items, scope);
    const alias = isNode(node.alias) ? node.alias : undefined;
    const renames = parts(alias?.colnames);
    const item = (own: string | undefined, outputs: readonly Output[]) => {
      items.push({ alias: text(alias?.aliasname) ?? own, outputs });
      return outputs;
    };
    if (kind === "RangeVar") return item(text(node.relname), renamed(this.#relation(node, scope), renames));
    if (kind === "RangeSubselect") {
      const inner = unwrap(node.subquery)?.node ?? {};
      const outer = node.lateral === true ? { ...scope, items: [...items] } : scope.outer;
      return item(undefined, renamed(this.query(inner, scope.queries, outer), renames));
    }
    if (!tableFunctions.has(kind)) throw untold;
    const { alias: _, coldeflist: __, ...rest } = node;
    return item(undefined, [{ many: true, origins: this.origins(rest, scope) }]);
  }

  #join(node: Node, items: Item[], scope: Scope): readonly Output[] {
    if (isNode(node.alias) || isNode(node.join_using_alias)) throw untold;
    const left = this.from(node.larg, items, scope);
    const right = this.from(node.rarg, items, scope);
    const both = [...left, ...right];
    let merged = parts(node.usingClause);
    if (node.isNatural === true) {
      if (both.some(({ name }) => name === undefined)) throw untold;
      merged = left.flatMap(({ name }) => (name && right.some((each) => each.name === name) ? name : []));
    }
    if (merged.length === 0) return both;
    const columns = merged.map((name) => {
      const found = both.filter((each) => each.name === name);
      if (found.length !== 2) throw untold;
      return named(name, united(found));
    });
    return [...columns, ...both.filter(({ name }) => name === undefined || !merged.includes(name))];
  }

  #relation(node: Node, { queries }: Scope): readonly Output[] {
    const name = text(node.relname) ?? "";
    if (node.schemaname === undefined && queries.has(name)) {
      const outputs = queries.get(name);
      if (outputs === undefined) throw untold;
      return outputs;
    }
    const found = this.tables(relationOf(node));
    // Which of several it is hangs on the search_path, and what has none only this session sees.
    if (found?.length !== 1) throw untold;
    const columns = [...(found[0] as TableFacts).columns].toSorted(([a], [b]) => a - b);
    return columns.flatMap(([number, column]) => {
      if (number < 0) return [];
      const output = named(column.name, showsValues.has(column.name) ? "unknown" : column.origins);
      return column.row === undefined ? output : { ...output, row: column.row };
    });
  }

  #item(alias: string, scope: Scope | undefined): Item {
    for (let here = scope; here !== undefined; here = here.outer) {
      const found = here.items.filter((item) => item.alias === alias);
      if (found.length === 1) return found[0] as Item;
      if (found.length > 1) throw untold;
    }
    throw untold;
  }

  /** What the value of an expression may come from. */
  origins(value: unknown, scope: Scope): readonly Origin[] | "unknown" {
    const found: Output[] = [];
    this.#gather(value, scope, found);
    return united(found);
  }

  #gather(value: unknown, scope: Scope, found: Output[]): void {
    if (Array.isArray(value)) for (const item of value) this.#gather(item, scope, found);
    if (!isNode(value)) return;
    const wrapped = unwrap(value);
    const { kind, node } = wrapped ?? { kind: "", node: value };
    if (kind === "ColumnRef") return this.#column(node, scope, found);
    if (kind === "SubLink") return this.#subquery(node, scope, found);
    if (kind === "A_Indirection") return this.#field(node, scope, found);
    if (kind.endsWith("Stmt")) throw untold;
    if ("funcname" in node && !onlyComputes(node)) found.push({ origins: "unknown" });
    for (const field in node) {
      if (field === "args" && countsColumn(node)) continue;
      if (typeof node[field] === "object") this.#gather(node[field], scope, found);
    }
  }

  #subquery(node: Node, scope: Scope, found: Output[]): void {
    const query = unwrap(node.subselect)?.node;
    // Whether there is a row hangs on what its conditions name.
    if (query === undefined || node.subLinkType === "EXISTS_SUBLINK") throw untold;
    this.#gather(node.testexpr, scope, found);
    found.push(...this.query(query, scope.queries, scope));
  }

  /** `(c).email`; where there is no such field, `(c).f` is f(c), which may be anything. */
  #field(node: Node, scope: Scope, found: Output[]): void {
    const names = parts(node.indirection);
    if (hasStar(node.indirection) || names.some((name) => showsValues.has(name))) throw untold;
    const row = unwrap(node.arg);
    const of = row?.kind === "ColumnRef" ? parts(row.node.fields) : [];
    const [name] = names;
    const columns = list(node.indirection).length === 1 ? this.#rows(of, scope) : [];
    if (name !== undefined && columns.length > 0) {
      const origins = columns.length === 1 ? fieldOf(columns[0] as Output, name) : undefined;
      if (origins === undefined) throw untold;
      found.push({ origins });
      return;
    }
    if (names.length === 1 && name !== undefined && of.length === 1 && !compositeFields.has(name)) {
      return this.#column({ fields: [...of, name].map((sval) => ({ String: { sval } })) }, scope, found);
    }
    if (!names.every((each) => compositeFields.has(each))) found.push({ origins: "unknown" });
    this.#gather(node.arg, scope, found);
    this.#gather(node.indirection, scope, found);
  }

  /** The columns that `(c)` or `(t.c)` may be; empty: it is a relation's row. */
  #rows([first = "", second, ...further]: readonly string[], scope: Scope): readonly Output[] {
    if (further.length > 0) return [];
    if (second === undefined) return nearest(first, scope);
    return this.#item(first, scope).outputs.filter(({ name }) => name === second);
  }

  #column({ fields }: Node, scope: Scope, found: Output[]): void {
    const path = parts(fields);
    if (hasStar(fields)) {
      found.push(...this.#item(path.at(-1) ?? "", scope).outputs);
      return;
    }
    const name = path.at(-1) ?? "";
    if (showsValues.has(name)) found.push({ origins: "unknown" });
    if (path.length > 1) this.#of(this.#item(path.at(-2) ?? "", scope), name, found);
    else this.#bare(name, scope, found);
    // By its name too, whatever it stands for.
    found.push({ origins: [{ column: name }] });
  }

  #of({ outputs }: Item, name: string, found: Output[]): void {
    const own = outputs.filter((each) => each.name === name);
    const possible = own.length > 0 ? own : outputs.filter((each) => each.name === undefined);
    if (possible.length === 0 && !systemColumns.has(name)) throw untold;
    found.push(...possible);
  }

  /** A column of the nearest query that has one; else a whole row, or a column whose name the server gave. */
  #bare(name: string, scope: Scope, found: Output[]): void {
    let any = systemColumns.has(name);
    for (let here: Scope | undefined = scope; here !== undefined; here = here.outer) {
      const outputs = here.items.flatMap((item) => item.outputs);
      const own = outputs.filter((each) => each.name === name);
      const rows = here.items.filter(({ alias }) => alias === name).flatMap((item) => item.outputs);
      const possible = [...own, ...rows, ...outputs.filter((each) => each.name === undefined)];
      any ||= possible.length > 0 || here.items.some(({ alias }) => alias === name);
      found.push(...possible);
      if (own.length > 0) return;
    }
    if (!any) throw untold;
  }
}
