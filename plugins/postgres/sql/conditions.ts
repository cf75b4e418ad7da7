import { isNode, list, type Node, parts, text, unwrap } from "./node.ts";
import { Collector, isSafe, isStar, type Refs, type Rows, type Tree, tableFunctions } from "./refs.ts";
import { relationOf } from "./relations.ts";
import { namesOfServer } from "./server-names.ts";
import { showing, showingCasts, showingOperators } from "./showing.ts";

/** What a statement asks of values besides showing them, as far as the text alone tells. */
export interface Conditions {
  /** Columns by name; `of`: the relation's name or alias in front of it. */
  readonly columns: readonly ColumnName[];
  /** A star, a whole row, NATURAL: any column of the statement's relations. */
  readonly wholes: boolean;
  /** A function from outside the server, a text that only the server reads: anything may decide. */
  readonly opaque: boolean;
  /** What the text itself gives a name to, and what that is made of. */
  readonly given: ReadonlyMap<string, Refs>;
  /** Of what is computed without a name of the text's own (`select lower(email)` is called `lower`). */
  readonly unnamed: Refs;
  /** What those may be called. */
  readonly called: ReadonlySet<string>;
  /** The relations that a name before a dot may be; absent: none, or something else besides. */
  readonly relations: ReadonlyMap<string, ReadonlySet<string>>;
  /** A function in FROM, whose columns have names of its own: what it is given counts itself. */
  readonly tableFunctions: boolean;
}

export interface ColumnName {
  readonly name: string;
  readonly of?: string;
}

export function conditionsOf(tree: Tree, rows: Rows): Conditions {
  const given = new Given(rows);
  given.visit(tree.node);
  const conditions = new Reader(rows);
  conditions.visit({ [tree.kind]: tree.node }, true);
  return {
    ...{ columns: [...conditions.columns.values()], wholes: conditions.wholes, opaque: conditions.opaque },
    ...{
      given: given.names,
      unnamed: given.unnamed,
      called: given.called,
      tableFunctions: given.tableFunctions,
    },
    relations: given.relationsOnly(),
  };
}

/**
 * Every column that is named counts, but where it is only shown: in the select list, as it is or through what no value
 * of it can make fail or compare.
 */
class Reader {
  readonly columns = new Map<string, ColumnName>();
  wholes = false;
  opaque = false;
  constructor(readonly rows: Rows) {}

  /** `shown`: what stands here goes to the answer, or into a table, and decides nothing by itself. */
  visit(value: unknown, shown: boolean): void {
    if (Array.isArray(value)) for (const item of value) this.visit(item, shown);
    if (!isNode(value)) return;
    const wrapped = unwrap(value);
    if (wrapped === undefined) return this.#fields(value);
    const { kind, node } = wrapped;
    // A table that is only made has no values to be asked.
    if (kind === "CreateStmt") return;
    if (kind === "SelectStmt") this.#select(node, true);
    else if (kind === "ResTarget") this.#target(node, shown);
    else if (kind === "ColumnRef") this.#column(node, shown);
    else if (kind === "A_Star") this.wholes ||= !shown;
    else if (kind === "SubLink") this.#subquery(node, shown);
    else if (kind === "FuncCall") this.#call(node, shown);
    else if (kind === "A_Expr") this.#operator(node, shown);
    else if (kind === "TypeCast") this.visit(node.arg, shown && showingCasts.has(typeOf(node)));
    else if (passing.has(kind)) for (const field in node) this.visit(node[field], shown);
    else if (kind === "MultiAssignRef") this.visit(node.source, true);
    else if (kind === "A_Indirection") {
      this.visit(node.arg, shown);
      this.visit(node.indirection, shown && !contains(node.indirection, "A_Indices"));
    } else {
      if (hidden.has(kind)) this.opaque = true;
      this.#fields(node);
    }
  }

  /** A node of no special meaning: targets are shown, all else decides. */
  #fields(node: Node): void {
    if (node.isNatural === true) this.wholes = true;
    for (const name of parts(node.usingClause)) this.#add({ name });
    // CTESearchClause and CTECycleClause order and compare by them.
    for (const name of [...parts(node.search_col_list), ...parts(node.cycle_col_list)]) this.#add({ name });
    if (isNode(node.onConflictClause)) this.#conflict(node.onConflictClause);
    for (const field in node) {
      const value = node[field];
      if (typeof value !== "object") continue;
      if (field === "returningClause" && isNode(value)) this.visit(value.exprs, true);
      else this.visit(value, field === "targetList" || (field === "values" && "matchKind" in node));
    }
  }

  #select(select: Node, shown: boolean): void {
    const { targetList, valuesLists, larg, rarg, ...rest } = select;
    const compared = distinct(select.distinctClause) || ordinals(select);
    const joined = select.op === "SETOP_NONE" || (select.op === "SETOP_UNION" && select.all === true);
    const seen = shown && !compared && joined;
    for (const target of list(targetList)) this.visit(target, seen);
    for (const values of list(valuesLists)) this.visit(values, seen);
    for (const arm of [larg, rarg]) if (isNode(arm)) this.#select(arm, seen);
    this.#fields(rest);
  }

  #target(node: Node, shown: boolean): void {
    if (isStar({ ResTarget: node })) this.wholes ||= !shown;
    else this.visit(node.val, shown);
    this.visit(node.indirection, false);
  }

  #column({ fields }: Node, shown: boolean): void {
    if (shown) return;
    if (contains(fields, "A_Star")) this.wholes = true;
    const named = parts(fields);
    const name = named.at(-1);
    if (name === undefined) return;
    const of = named.at(-2);
    if (of === undefined && this.rows.all.has(name)) this.wholes = true;
    this.#add(of === undefined ? { name } : { name, of });
  }

  /** EXISTS and the query of an array or value show, or not, as the place that they stand in; IN and its kin compare. */
  #subquery({ subLinkType, testexpr, subselect }: Node, shown: boolean): void {
    this.visit(testexpr, false);
    const query = unwrap(subselect)?.node;
    if (query === undefined) return;
    const exists = subLinkType === "EXISTS_SUBLINK";
    const compares = subLinkType === "ANY_SUBLINK" || subLinkType === "ALL_SUBLINK";
    this.#select(query, exists || (shown && !compares));
  }

  #call(node: Node, shown: boolean): void {
    const name = parts(node.funcname);
    const safe = isSafe(name);
    if (!safe && !shown) this.opaque = true;
    const shows = shown && safe && showing.has(name.at(-1) ?? "") && node.agg_distinct !== true;
    const { args, funcname: _, ...rest } = node;
    this.visit(args, shows && node.agg_within_group !== true);
    this.#fields(rest);
  }

  #operator(node: Node, shown: boolean): void {
    const name = parts(node.name);
    const shows = shown && node.kind === "AEXPR_OP" && showingOperators.has(name.join("."));
    this.visit(node.lexpr, shows);
    // Whether there is such a key decides whether the answer is null.
    this.visit(node.rexpr, shows && name.at(-1) === "||");
  }

  /** Whether a row is there already is told by a unique index, of these columns or of whichever. */
  #conflict({ infer }: Node): void {
    const elements = isNode(infer) ? list(infer.indexElems) : [];
    if (elements.length === 0) this.wholes = true;
    for (const element of elements) {
      const name = text(unwrap(element)?.node.name);
      if (name !== undefined) this.#add({ name });
    }
  }

  #add(column: ColumnName): void {
    this.columns.set(JSON.stringify([column.of, column.name]), column);
  }
}

/** What the text gives names to: aliases, queries in WITH, lists of columns. */
class Given {
  readonly names = new Map<string, Collector>();
  readonly unnamed: Collector;
  readonly called = new Set<string>();
  /** Of which nodes. */
  readonly #called = new Set<Node>();
  tableFunctions = false;
  readonly #relations = new Map<string, Set<string>>();
  readonly #others = new Set<string>(["old", "new", "excluded"]);
  /** Queries in WITH, as a relation of that name is written. */
  readonly #queries = new Set<string>();

  constructor(readonly rows: Rows) {
    this.unnamed = new Collector(rows);
  }

  visit(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.visit(item);
    if (!isNode(value)) return;
    if ("op" in value && "limitOption" in value) this.#query(value);
    if (isNode(value.returningClause)) this.#targets(value.returningClause.exprs);
    if ("relname" in value) this.#relation(value);
    else if (isNode(value.alias)) this.#other(value, value.alias);
    const joined = isNode(value.join_using_alias) ? text(value.join_using_alias.aliasname) : undefined;
    if (joined !== undefined) this.#others.add(joined);
    const query = text(value.ctename);
    if (query !== undefined) {
      this.#queries.add(relationOf({ relname: query }));
      this.#renamed(parts(value.aliascolnames), value.ctequery);
    }
    for (const kind of tableFunctions) if (kind in value) this.tableFunctions = true;
    for (const field in value) if (typeof value[field] === "object") this.visit(value[field]);
  }

  relationsOnly(): ReadonlyMap<string, ReadonlySet<string>> {
    for (const [name, relations] of this.#relations) {
      if (this.#others.has(name) || this.#queries.intersection(relations).size > 0)
        this.#relations.delete(name);
    }
    return this.#relations;
  }

  #query(select: Node): void {
    this.#targets(select.targetList);
    for (const values of list(select.valuesLists)) {
      const items = unwrap(values)?.node.items;
      for (const [index, item] of list(items).entries()) this.#refs(`column${index + 1}`).visit(item);
    }
  }

  #targets(targets: unknown): void {
    for (const target of list(targets)) {
      const node = unwrap(target)?.node ?? {};
      const name = text(node.name);
      if (name === undefined && unwrap(node.val)?.kind !== "ColumnRef")
        namesOfServer(node.val, this.called, this.#called);
      const into = name === undefined ? this.unnamed : this.#refs(name);
      if (name !== undefined || unwrap(node.val)?.kind !== "ColumnRef") into.visit(node.val);
    }
  }

  #relation(node: Node): void {
    const alias = isNode(node.alias) ? node.alias : undefined;
    const name = text(alias?.aliasname) ?? text(node.relname) ?? "";
    const relations = this.#relations.get(name) ?? new Set();
    this.#relations.set(name, relations.add(relationOf(node)));
    for (const column of parts(alias?.colnames)) this.#refs(column).wholes = true;
  }

  /** A subquery, a join, a function in FROM. */
  #other(node: Node, alias: Node): void {
    this.#others.add(text(alias.aliasname) ?? "");
    const columns = parts(alias.colnames);
    if ("jointype" in node) for (const column of columns) this.#refs(column).wholes = true;
    else this.#renamed(columns, node.subquery ?? node);
  }

  /** Each may stand for whatever is in it: read once for all of them. */
  #renamed(columns: readonly string[], value: unknown): void {
    if (columns.length === 0) return;
    const all = new Collector(this.rows);
    all.visit(value);
    for (const column of columns) this.#refs(column).absorb(all);
  }

  #refs(name: string): Collector {
    let refs = this.names.get(name);
    if (refs === undefined) {
      refs = new Collector(this.rows);
      this.names.set(name, refs);
    }
    return refs;
  }
}

/** Stand for what is in them. */
const passing = new Set(["List", "RowExpr", "A_ArrayExpr", "CollateClause", "NamedArgExpr"]);

/** Runs a text that only the server reads. */
const hidden = new Set(["DoStmt"]);

/** DISTINCT of all columns; of DISTINCT ON only what it names. */
function distinct(clause: unknown): boolean {
  return list(clause).some((each) => unwrap(each) === undefined);
}

/**
 * `order by 2`. Which column that is cannot be kept: texts that differ in numbers only share what is known of them.
 */
function ordinals({ sortClause, groupClause, distinctClause }: Node): boolean {
  const all = [...list(groupClause), ...list(distinctClause)];
  const sorted = list(sortClause).map((each) => unwrap(each)?.node.node);
  return [...all, ...sorted].some(
    (each) => unwrap(each)?.kind === "A_Const" || contains(each, "GroupingSet"),
  );
}

function typeOf({ typeName }: Node): string {
  const name = isNode(typeName) ? parts(typeName.names) : [];
  const array = isNode(typeName) && list(typeName.arrayBounds).length > 0;
  return array ? "" : name.length === 1 || name.at(-2) === "pg_catalog" ? (name.at(-1) ?? "") : "";
}

function contains(value: unknown, kind: string): boolean {
  if (Array.isArray(value)) return value.some((item) => contains(item, kind));
  return isNode(value) && (kind in value || Object.values(value).some((each) => contains(each, kind)));
}
