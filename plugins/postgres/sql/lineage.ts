import { type Conditions, conditionsOf } from "./conditions.ts";
import { isNode, list, type Node, parts, text, unwrap } from "./node.ts";
import type { Output } from "./output.ts";
import { outputsOf, type Tables } from "./outputs.ts";
import { Collector, isStar, type Refs, type Rows, type Tree } from "./refs.ts";
import { relationOf } from "./relations.ts";
import { type Store, stores, storesOfTree } from "./stored.ts";

export interface Lineage {
  /** Of any computed column of the statement's result. */
  readonly all: Refs;
  /** By position of the field, where the statement is so plain that a target can only come from itself. */
  readonly targets?: (index: number, fields: number) => Refs | undefined;
  /** Relations that are read, as SQL writes them (`"public"."orders"`); a name in WITH may be among them. */
  readonly relations: readonly string[];
  /** Names given in the text itself (AS, column lists): what they stand for is in `all` too. */
  readonly aliases: ReadonlySet<string>;
  /** Those of `relations` that may be queries in WITH. */
  readonly queries: ReadonlySet<string>;
  /** Names that stand for a whole row of a relation. */
  readonly rows: ReadonlySet<string>;
  /** The result's columns by their place, where text and catalogue tell them; undefined: they do not. */
  outputs(tables: Tables): readonly Output[] | undefined;
  /** What it puts into which columns; absent: it puts nothing into any. */
  stores?(tables: Tables): readonly Store[];
  /** All that it names anywhere. */
  readonly mentioned: Refs;
  /** It comes upon no value: what the server says of it is of names and settings. */
  readonly valueless: boolean;
  /** What it asks of values besides showing them. */
  readonly conditions: Conditions;
}

/** `again`: reads the tree once more, so that it need not be kept. */
export function lineageOf(tree: Tree, again: () => Tree): Lineage {
  const relations = new Set<string>();
  const aliases = new Set<string>();
  const rows = { all: new Set(["old", "new", "excluded"]), queries: new Set<string>() };
  const queries = queryNames(tree.node);
  survey(tree.node, { relations, aliases, rows, queries });
  const all = new Collector(rows);
  all.statement(tree);
  const mentioned = new Collector(rows);
  mentioned.visit(tree.node);
  // Of a star, which is in `wholes`.
  mentioned.names.delete("");
  const lineage: Lineage = {
    ...{ all, relations: [...relations], aliases, rows: rows.all },
    queries: new Set([...queries].map((relname) => relationOf({ relname }))),
    outputs: kept([...relations], (tables) => outputsOf(again(), tables)),
    ...(stores(tree) ? { stores: kept([...relations], (tables) => storesOfTree(again(), tables)) } : {}),
    mentioned,
    valueless: valueless.has(tree.kind) && !runsWhatWaits(tree),
    conditions: conditionsOf(tree, rows),
  };
  const plain = tree.kind === "SelectStmt" && isPlain(tree.node);
  return plain ? { ...lineage, targets: byPosition(list(tree.node.targetList), rows) } : lineage;
}

/** Made once, and anew when the catalogue says something else of one of the relations. */
function kept<Made>(relations: readonly string[], make: (tables: Tables) => Made): (tables: Tables) => Made {
  let last: { readonly facts: readonly unknown[]; readonly made: Made } | undefined;
  return (tables) => {
    const facts = relations.flatMap((name): readonly unknown[] => ["", ...(tables(name) ?? [undefined])]);
    const same = last?.facts.length === facts.length && last.facts.every((each, at) => each === facts[at]);
    if (last === undefined || !same) last = { facts, made: make(tables) };
    return last.made;
  };
}

/** They run no expression of the caller's over values; a constraint that waits for COMMIT tells values in DETAIL only. */
const valueless = new Set(
  `TransactionStmt VariableSetStmt VariableShowStmt DropStmt DropRoleStmt CreateRoleStmt AlterRoleStmt DropdbStmt
  DeallocateStmt ClosePortalStmt DiscardStmt GrantStmt GrantRoleStmt RenameStmt LockStmt ListenStmt UnlistenStmt
  TruncateStmt CommentStmt PrepareStmt ViewStmt CreateStmt`.split(/\s+/),
);

/** The queries of cursors WITH HOLD run to their end when their transaction does. */
function runsWhatWaits({ kind, node }: Tree): boolean {
  return (
    kind === "TransactionStmt" && ["TRANS_STMT_COMMIT", "TRANS_STMT_PREPARE"].includes(text(node.kind) ?? "")
  );
}

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
    facts.relations.add(relationOf(value));
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
