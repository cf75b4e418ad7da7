import type { Origin } from "../../../core/plugin.ts";
import type { TableFacts } from "../catalogue.ts";
import { isNode, list, type Node, parts, text, unwrap } from "./node.ts";
import { type Output, united, untold } from "./output.ts";
import { type Queries, Resolver, type Scope, type Tables } from "./outputs.ts";
import { Collector, type Tree } from "./refs.ts";
import { relationOf } from "./relations.ts";
import { analyzes } from "./statements.ts";

/** One column that a statement writes. */
export interface Store {
  /** What the column is in the tables that have it; empty: not known. */
  readonly into: readonly Origin[];
  /** What its value may come from; undefined: anything that the statement names. */
  readonly from: readonly Origin[] | "unknown" | undefined;
}

/** Whether a statement puts values into tables, as far as its text tells. */
export function stores({ kind, node }: Tree): boolean {
  return writes({ [kind]: node });
}

/**
 * What a statement puts into which column: INSERT, UPDATE, MERGE, ON CONFLICT DO UPDATE, CREATE TABLE AS and SELECT INTO,
 * also in WITH, PREPARE and EXPLAIN ANALYZE. What the database's own authors wrote (triggers, rules, functions) is theirs, and
 * a materialised view shows what a view would.
 */
export function storesOfTree(tree: Tree, tables: Tables): readonly Store[] {
  const writer = new Writer(tables);
  writer.statement(tree, new Map());
  return writer.found;
}

class Writer {
  readonly found: Store[] = [];
  readonly #resolver: Resolver;

  constructor(readonly tables: Tables) {
    this.#resolver = new Resolver(tables);
  }

  statement(tree: Tree | undefined, around: Queries): void {
    if (tree === undefined) return;
    const { kind, node } = tree;
    if (kind === "PrepareStmt" || (kind === "ExplainStmt" && analyzes(node))) {
      this.statement(unwrap(node.query), around);
    } else if (kind === "CreateTableAsStmt") this.#made(node.into, unwrap(node.query), around, node.objtype);
    else if (kind === "SelectStmt") this.#select(node, around);
    else if (kind === "InsertStmt") this.#insert(node, this.#with(node.withClause, around));
    else if (kind === "UpdateStmt") this.#update(node, this.#with(node.withClause, around));
    else if (kind === "MergeStmt") this.#merge(node, this.#with(node.withClause, around));
    else if (kind === "DeleteStmt") this.#with(node.withClause, around);
  }

  /** What the statements in WITH store; the answer is what their names mean to the one behind. */
  #with(clause: unknown, around: Queries): Queries {
    if (!isNode(clause)) return around;
    const all = this.#resolver.with(clause, around, undefined);
    // Without RECURSIVE a name means what stands before it, and else a table.
    const before = new Map(clause.recursive === true ? all : around);
    for (const each of list(clause.ctes)) {
      const query = unwrap(each)?.node ?? {};
      this.statement(unwrap(query.ctequery), before);
      const name = text(query.ctename) ?? "";
      before.set(name, all.get(name));
    }
    return all;
  }

  #select(select: Node, around: Queries): void {
    const { into, query } = withoutInto(select);
    this.#with(select.withClause, around);
    if (isNode(into)) this.#made(into, { kind: "SelectStmt", node: query }, around, undefined);
  }

  #made(into: unknown, query: Tree | undefined, around: Queries, type: unknown): void {
    if (!isNode(into) || !isNode(into.rel) || into.skipData === true || query === undefined) return;
    if (type === "OBJECT_MATVIEW") return;
    if (query.kind !== "SelectStmt") {
      this.found.push({ into: [], from: "unknown" });
      return;
    }
    if (type !== undefined) this.statement(query, around);
    const { relname, schemaname } = into.rel;
    const table = `${text(schemaname) ?? "*"}.${text(relname) ?? ""}`;
    const names = parts(into.colNames);
    this.#query(query.node, around, (at, own) => {
      const column = names[at] ?? own;
      return column === undefined ? [] : [{ table, column }];
    });
  }

  #insert({ relation, cols, selectStmt, onConflictClause: conflict }: Node, queries: Queries): void {
    if (!isNode(relation)) return;
    const target = new Target(this.tables(relationOf(relation)) ?? []);
    const named = list(cols).map((each) => text(unwrap(each)?.node.name) ?? "");
    const query = unwrap(selectStmt);
    if (query !== undefined) {
      this.statement(query, queries);
      this.#query(query.node, queries, (at) =>
        named.length > 0 ? target.named(named[at]) : target.placed(at),
      );
    }
    if (!isNode(conflict)) return;
    const excluded = { ...relation, alias: { aliasname: "excluded" } };
    this.#assign(conflict.targetList, target, this.#scope([relation, excluded], [], queries));
  }

  #update({ relation, fromClause, targetList }: Node, queries: Queries): void {
    if (!isNode(relation)) return;
    const target = new Target(this.tables(relationOf(relation)) ?? []);
    this.#assign(targetList, target, this.#scope([relation], list(fromClause), queries));
  }

  #merge({ relation, sourceRelation, mergeWhenClauses }: Node, queries: Queries): void {
    if (!isNode(relation)) return;
    const target = new Target(this.tables(relationOf(relation)) ?? []);
    const scope = this.#scope([relation], [sourceRelation], queries);
    for (const each of list(mergeWhenClauses)) {
      const { commandType, targetList, values } = unwrap(each)?.node ?? {};
      if (commandType === "CMD_UPDATE") this.#assign(targetList, target, scope);
      if (commandType !== "CMD_INSERT") continue;
      const named = list(targetList).map((column) => text(unwrap(column)?.node.name) ?? "");
      for (const [at, value] of list(values).entries()) {
        const into = named.length > 0 ? target.named(named[at]) : target.placed(at);
        this.found.push({ into, from: this.#value(value, scope) });
      }
    }
  }

  /** What the names in it mean: those of the tables that are written, and of what is read beside. undefined: not told. */
  #scope(written: readonly Node[], read: readonly unknown[], queries: Queries): Scope | undefined {
    const items: Scope["items"] = [];
    const scope: Scope = { items, queries, outer: undefined };
    return told(() => {
      // A table that is written is never a query in WITH.
      const tables: Scope = { ...scope, queries: new Map() };
      for (const node of written) this.#resolver.from({ RangeVar: node }, items, tables);
      for (const node of read) this.#resolver.from(node, items, scope);
      return scope;
    });
  }

  #assign(targets: unknown, target: Target, scope: Scope | undefined): void {
    for (const each of list(targets)) {
      const { name, val, indirection } = unwrap(each)?.node ?? {};
      const into = target.named(text(name));
      this.found.push({ into, from: this.#value(val, scope) });
      // `set tags[ascii(email)] = 'x'`: its place is a value too.
      if (indirection !== undefined) this.found.push({ into, from: this.#value(indirection, scope) });
    }
  }

  #value(value: unknown, scope: Scope | undefined): Store["from"] {
    if (constant(value)) return [];
    if (scope === undefined) return undefined;
    return told(() => this.#part(value, scope) ?? this.#resolver.origins(value, scope));
  }

  /** `(a, b) = (…)`: the one of them that is meant. */
  #part(value: unknown, scope: Scope): readonly Origin[] | "unknown" | undefined {
    const several = unwrap(value);
    if (several?.kind !== "MultiAssignRef") return undefined;
    const at = Number(several.node.colno) - 1;
    const source = unwrap(several.node.source);
    if (source?.kind === "RowExpr") return this.#resolver.origins(list(source.node.args)[at], scope);
    const query = source?.kind === "SubLink" ? unwrap(source.node.subselect) : undefined;
    if (query === undefined) return undefined;
    const outputs = this.#resolver.query(query.node, scope.queries, scope);
    return outputs.some(({ many }) => many) ? united(outputs) : outputs[at]?.origins;
  }

  #query(
    select: Node,
    queries: Queries,
    into: (at: number, name: string | undefined) => readonly Origin[],
  ): void {
    if (constant({ SelectStmt: select })) return;
    const outputs = told(() => this.#resolver.query(select, queries, undefined));
    if (outputs === undefined) this.found.push({ into: [], from: undefined });
    else if (outputs.some(({ many }) => many)) this.found.push({ into: [], from: united(outputs) });
    else {
      for (const [at, { name, origins }] of outputs.entries()) {
        this.found.push({ into: into(at, name), from: origins });
      }
    }
  }
}

/** The columns of a table that is written; of several that its name may mean, those of all. */
class Target {
  constructor(readonly tables: readonly TableFacts[]) {}

  named(name: string | undefined): readonly Origin[] {
    return this.#all(({ columns }) => [...columns.values()].find((column) => column.name === name));
  }

  placed(at: number): readonly Origin[] {
    return this.#all(({ columns }) => {
      const own = [...columns].filter(([number]) => number > 0).toSorted(([a], [b]) => a - b);
      return own[at]?.[1];
    });
  }

  #all(find: (table: TableFacts) => { readonly origins: Output["origins"] } | undefined): readonly Origin[] {
    const found: Origin[] = [];
    for (const table of this.tables) {
      const origins = find(table)?.origins ?? "unknown";
      if (origins === "unknown") return [];
      // What is written through a view is found in what is under it; a table's own name comes first.
      const kept = table.kind === "v" ? origins.slice(1) : origins.slice(0, 1);
      if (kept.length === 0) return [];
      found.push(...kept);
    }
    return found;
  }
}

/** INTO stands in the leftmost arm of a UNION. */
function withoutInto(select: Node): { readonly into: unknown; readonly query: Node } {
  if (isNode(select.larg)) {
    const { into, query } = withoutInto(select.larg);
    return { into, query: into === undefined ? select : { ...select, larg: query } };
  }
  const { intoClause, ...query } = select;
  return { into: intoClause, query };
}

/** It names no column and calls nothing but the server's own functions. */
function constant(value: unknown): boolean {
  const refs = new Collector({ all: new Set(), queries: new Set() });
  refs.visit(value);
  return !refs.opaque && !refs.wholes && refs.names.size === 0;
}

function told<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error === untold) return undefined;
    throw error;
  }
}

function writes(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(writes);
  if (!isNode(value)) return false;
  for (const field in value) if (writing.has(field) || writes(value[field])) return true;
  return false;
}

const writing = new Set(["InsertStmt", "UpdateStmt", "MergeStmt", "CreateTableAsStmt", "intoClause"]);
