import { catalogueRelations, rowFunctions, safeFunctions, safeQualified } from "./builtins.ts";
import { isNode, list, type Node, parts, text, unwrap } from "./node.ts";

/** The columns that a computed value may come from, by name, as far as the text alone tells. */
export interface Refs {
  /** A star, a whole row, a function from outside the server: anything may be in it. */
  readonly opaque: boolean;
  readonly names: ReadonlySet<string>;
  /** Those of them that are asked of a relation (`c.x`): a column of it, or else a function of its row. */
  readonly attributes: ReadonlySet<string>;
}

export interface Lineage {
  /** Of any computed column of the statement's result. */
  readonly all: Refs;
  /** By position of the field, where the statement is so plain that a target can only come from itself. */
  readonly targets?: (index: number, fields: number) => Refs | undefined;
  /** Relations that are read, as SQL writes them (`"public"."orders"`); a name in WITH may be among them. */
  readonly relations: readonly string[];
  /** Names given in the text itself (AS, column lists): what they stand for is in `all` too. */
  readonly aliases: ReadonlySet<string>;
}

/** One statement. */
export type Tree = { readonly kind: string; readonly node: Node };

export function lineageOf(tree: Tree): Lineage {
  const relations = new Set<string>();
  const aliases = new Set<string>();
  const rows = { all: new Set(["old", "new", "excluded"]), queries: new Set<string>() };
  survey(tree.node, { relations, aliases, rows, queries: queryNames(tree.node) });
  const all = new Collector(rows);
  all.statement(tree);
  const lineage: Lineage = { all, relations: [...relations], aliases };
  const plain = tree.kind === "SelectStmt" && isPlain(tree.node);
  return plain ? { ...lineage, targets: byPosition(list(tree.node.targetList), rows) } : lineage;
}

/** Statements whose answer shows more than the columns that they name, or nothing of their own. */
const untold = new Set(["ExplainStmt", "ExecuteStmt", "FetchStmt", "CallStmt", "DoStmt", "CopyStmt"]);

/** Names that stand for a row: all of them, and those of queries in WITH. */
interface Rows {
  readonly all: Set<string>;
  readonly queries: Set<string>;
}

class Collector implements Refs {
  readonly names = new Set<string>();
  readonly attributes = new Set<string>();
  opaque = false;
  constructor(readonly rows: Rows) {}

  statement({ kind, node }: Tree): void {
    if (untold.has(kind)) this.opaque = true;
    const targets = node.op === "SETOP_NONE" ? "targetList" : "";
    for (const field in node) {
      const value = node[field];
      if (field === targets) for (const target of list(value)) this.target(target);
      else if (field === "returningClause" && isNode(value)) {
        for (const target of list(value.exprs)) this.target(target);
      } else this.visit(value);
    }
  }

  /** A star that is a target of its own only shows stored columns, or ones computed inside. */
  target(value: unknown): void {
    if (!isStar(value)) this.visit(value);
  }

  visit(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.visit(item);
    if (!isNode(value)) return;
    if ("A_Star" in value) this.opaque = true;
    if ("fields" in value) this.#column(parts(value.fields));
    if ("indirection" in value) for (const name of parts(value.indirection)) this.#attribute(name, undefined);
    if ("funcname" in value) this.#call(parts(value.funcname));
    if ("usingClause" in value) for (const name of parts(value.usingClause)) this.names.add(name);
    if (value.isNatural === true) this.opaque = true;
    if (renames(value)) this.opaque = true;
    if (value.subLinkType === "EXISTS_SUBLINK") return this.#exists(unwrap(value.subselect)?.node ?? {});
    for (const field in value) if (typeof value[field] === "object") this.visit(value[field]);
  }

  /** Whether there is a row tells nothing of its targets. */
  #exists({ targetList: _, ...query }: Node): void {
    this.visit(query);
  }

  #column(fields: readonly string[]): void {
    const name = fields.at(-1) ?? "";
    if (fields.length > 1) return this.#attribute(name, fields.at(-2));
    if (this.rows.all.has(name) || showsValues.has(name)) this.opaque = true;
    this.names.add(name);
  }

  /** `of`: the relation's name or alias; undefined: an expression. */
  #attribute(name: string, of: string | undefined): void {
    if (rowFunctions.has(name) || showsValues.has(name)) this.opaque = true;
    this.names.add(name);
    if (of === undefined || (this.rows.all.has(of) && !this.rows.queries.has(of))) this.attributes.add(name);
  }

  #call(name: readonly string[]): void {
    const builtIn = name.length === 1 || name.at(-2) === "pg_catalog";
    if (!(builtIn && safeFunctions.has(name.at(-1) ?? "")) && !safeQualified.has(name.join(".")))
      this.opaque = true;
  }
}

/** Columns of the catalogue that hold values of other tables' columns. */
export const showsValues: ReadonlySet<string> = new Set(
  `most_common_vals histogram_bounds most_common_elems range_bounds_histogram stavalues1 stavalues2 stavalues3
  stavalues4 stavalues5 stxdmcv stxdexpr chunk_data`.split(/\s+/),
);

interface Survey {
  readonly relations: Set<string>;
  readonly aliases: Set<string>;
  readonly rows: Rows;
  /** The names of queries in WITH. */
  readonly queries: ReadonlySet<string>;
}

function survey(value: unknown, facts: Survey): void {
  if (Array.isArray(value)) for (const item of value) survey(item, facts);
  if (!isNode(value)) return;
  const relname = text(value.relname);
  if (relname !== undefined) {
    const schema = text(value.schemaname) ?? "";
    facts.relations.add(sqlName(schema, relname));
    const into =
      schema === "" && facts.queries.has(relname) ? [facts.rows.all, facts.rows.queries] : [facts.rows.all];
    for (const rows of into) rows.add(aliasOf(value.alias) ?? relname).add(relname);
  } else if ("jointype" in value) {
    for (const name of [aliasOf(value.alias), aliasOf(value.join_using_alias)])
      if (name) facts.rows.all.add(name);
  }
  const target = value.ResTarget;
  if (isNode(target) && text(target.name) !== undefined) facts.aliases.add(text(target.name) ?? "");
  for (const name of [...parts(value.colnames), ...parts(value.aliascolnames)]) facts.aliases.add(name);
  for (const field in value) if (typeof value[field] === "object") survey(value[field], facts);
}

function queryNames(value: unknown, names = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(value)) for (const item of value) queryNames(item, names);
  if (!isNode(value)) return names;
  const name = text(value.ctename);
  if (name !== undefined) names.add(name);
  for (const field in value) if (typeof value[field] === "object") queryNames(value[field], names);
  return names;
}

function aliasOf(alias: unknown): string | undefined {
  return isNode(alias) ? text(alias.aliasname) : undefined;
}

/** As the catalogue is asked for it. */
function sqlName(schema: string, name: string): string {
  if (schema === "" && catalogueRelations.has(name)) schema = "pg_catalog";
  return schema === "" ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
}

function quoted(part: string): string {
  return `"${part.replaceAll('"', '""')}"`;
}

/** A relation or join whose columns get other names: `customers c(a, b)`. */
function renames(node: Node): boolean {
  if (!("relname" in node) && !("jointype" in node)) return false;
  return [node.alias, node.join_using_alias].some(
    (alias) => isNode(alias) && list(alias.colnames).length > 0,
  );
}

function isStar(target: unknown): boolean {
  const value = unwrap(unwrap(target)?.node.val);
  const fields = value?.kind === "ColumnRef" ? list(value.node.fields) : [];
  return isNode(fields.at(-1)) && "A_Star" in (fields.at(-1) as Node);
}

/** `(row).*`: one target, and nobody here knows how many columns. */
function expands(target: unknown): boolean {
  const value = unwrap(unwrap(target)?.node.val);
  return value?.kind === "A_Indirection" && contains(value.node.indirection, ["A_Star"]);
}

/** No subquery, WITH, set operation, function, renamed column or `(row).*` to come through. */
function isPlain(select: Node): boolean {
  if (select.op !== "SETOP_NONE" || "withClause" in select || "intoClause" in select) return false;
  if ("valuesLists" in select || list(select.targetList).some(expands)) return false;
  return !contains(select, [
    "SubLink",
    "RangeSubselect",
    "RangeFunction",
    "RangeTableFunc",
    "JsonTable",
    "isNatural",
    "colnames",
  ]);
}

function contains(value: unknown, kinds: readonly string[]): boolean {
  if (Array.isArray(value)) return value.some((item) => contains(item, kinds));
  if (!isNode(value)) return false;
  for (const field in value) if (kinds.includes(field) || contains(value[field], kinds)) return true;
  return false;
}

function byPosition(targets: readonly unknown[], rows: Rows) {
  const refs = targets.map((target) => {
    const collector = new Collector(rows);
    collector.target(target);
    return collector;
  });
  const star = targets.findIndex(isStar);
  const stars = targets.filter(isStar).length;
  return (index: number, fields: number): Refs | undefined => {
    if (star === -1 || index < star) return refs[index];
    const fromEnd = fields - index;
    return stars === 1 && fromEnd < targets.length - star ? refs[targets.length - fromEnd] : undefined;
  };
}
