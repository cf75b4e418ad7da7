import { rowFunctions, safeFunctions, safeQualified } from "./builtins.ts";
import { constant, isNode, list, type Node, parts, unwrap } from "./node.ts";

/** The columns that a computed value may come from, by name, as far as the text alone tells. */
export interface Refs {
  /** A function from outside the server, an answer that nobody can read: anything may be in it. */
  readonly opaque: boolean;
  /** A star, a whole row, columns under other names: any column of the statement's relations. */
  readonly wholes: boolean;
  readonly names: ReadonlySet<string>;
  /** Those of them that are asked of a relation (`c.x`): a column of it, or else a function of its row. */
  readonly attributes: ReadonlySet<string>;
}

/** One statement. */
export type Tree = { readonly kind: string; readonly node: Node };

/** Statements whose answer shows more than the columns that they name, or nothing of their own. */
const untold = new Set(["ExecuteStmt", "FetchStmt", "CallStmt", "DoStmt", "CopyStmt"]);

/** Names that stand for a row: all of them, and those of queries in WITH. */
export interface Rows {
  readonly all: Set<string>;
  readonly queries: Set<string>;
}

export class Collector implements Refs {
  readonly names = new Set<string>();
  readonly attributes = new Set<string>();
  opaque = false;
  wholes = false;
  /** `(value).name`: a call, where the value has no such field. */
  #calledByField = false;
  constructor(readonly rows: Rows) {}

  statement({ kind, node }: Tree): void {
    if (untold.has(kind)) this.opaque = true;
    if (kind === "ExplainStmt") return this.#plan(node);
    const targets = node.op === "SETOP_NONE" ? "targetList" : "";
    for (const field in node) {
      const value = node[field];
      if (field === targets) for (const target of list(value)) this.target(target);
      else if (field === "returningClause" && isNode(value)) {
        for (const target of list(value.exprs)) this.target(target);
      } else this.visit(value);
    }
  }

  /** A plan shows names and the text's own constants, and what functions of those come to. */
  #plan({ query }: Node): void {
    const inner = new Collector(this.rows);
    inner.visit(query);
    const { kind } = unwrap(query) ?? { kind: "" };
    this.opaque ||= inner.opaque || inner.#calledByField || untold.has(kind);
  }

  /** A star that is a target of its own only shows stored columns, or ones computed inside. */
  target(value: unknown): void {
    if (!isStar(value)) this.visit(value);
  }

  visit(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.visit(item);
    if (!isNode(value)) return;
    if ("A_Star" in value) this.wholes = true;
    if ("fields" in value) this.#column(parts(value.fields));
    if ("indirection" in value) for (const name of parts(value.indirection)) this.#attribute(name, undefined);
    if ("funcname" in value && !onlyComputes(value)) this.opaque = true;
    if ("usingClause" in value) for (const name of parts(value.usingClause)) this.names.add(name);
    if (value.isNatural === true || renames(value)) this.wholes = true;
    if (value.subLinkType === "EXISTS_SUBLINK") return this.#exists(unwrap(value.subselect)?.node ?? {});
    if (countsColumn(value)) return this.#counted(value);
    for (const field in value) if (typeof value[field] === "object") this.visit(value[field]);
  }

  /** What another has collected is in this one too. */
  absorb(other: Collector): void {
    for (const name of other.names) this.names.add(name);
    for (const name of other.attributes) this.attributes.add(name);
    this.opaque ||= other.opaque;
    this.wholes ||= other.wholes;
    this.#calledByField ||= other.#calledByField;
  }

  /** Whether there is a row tells nothing of its targets. */
  #exists({ targetList: _, ...query }: Node): void {
    this.visit(query);
  }

  /** How many there are is none of them. */
  #counted({ args: _, ...call }: Node): void {
    for (const field in call) if (typeof call[field] === "object") this.visit(call[field]);
  }

  #column(fields: readonly string[]): void {
    const name = fields.at(-1) ?? "";
    if (fields.length > 1) return this.#attribute(name, fields.at(-2));
    if (this.rows.all.has(name)) this.wholes = true;
    if (showsValues.has(name)) this.opaque = true;
    this.names.add(name);
  }

  /** `of`: the relation's name or alias; undefined: an expression. */
  #attribute(name: string, of: string | undefined): void {
    if (rowFunctions.has(name)) this.wholes = true;
    if (showsValues.has(name)) this.opaque = true;
    this.names.add(name);
    if (of === undefined) this.#calledByField = true;
    if (of === undefined || (this.rows.all.has(of) && !this.rows.queries.has(of))) this.attributes.add(name);
  }
}

/** A call whose value comes from its arguments alone, or a sequence. A setting may hold what an earlier call has put there. */
export function onlyComputes({ funcname, args }: Node): boolean {
  const name = parts(funcname);
  if (name.at(-1) === "current_setting") return presets.has(constant(list(args)[0])?.toLowerCase() ?? "");
  return isSafe(name) || (name.at(-1) === "nextval" && (name.length === 1 || name.at(-2) === "pg_catalog"));
}

/** Settings that no statement can change to a value. */
const presets: ReadonlySet<string> = new Set(
  `server_version server_version_num server_encoding client_encoding is_superuser in_hot_standby integer_datetimes
  block_size max_identifier_length max_index_keys max_function_args segment_size wal_block_size data_checksums
  lc_collate lc_ctype max_connections wal_level port standard_conforming_strings transaction_isolation
  transaction_read_only default_transaction_isolation default_transaction_read_only`.split(/\s+/),
);

/** `count(email)`, and not `count(nullif(email, 'a guess'))`. */
export function countsColumn({ funcname, args }: Node): boolean {
  const name = parts(funcname);
  const own = name.length === 1 || (name.length === 2 && name[0] === "pg_catalog");
  return own && name.at(-1) === "count" && list(args).every((each) => unwrap(each)?.kind === "ColumnRef");
}

/** Only computes from its arguments, or reads the catalogue or the clock. */
export function isSafe(name: readonly string[]): boolean {
  const builtIn = name.length === 1 || name.at(-2) === "pg_catalog";
  return (builtIn && safeFunctions.has(name.at(-1) ?? "")) || safeQualified.has(name.join("."));
}

/** Columns of the catalogue that hold values of other tables' columns. */
export const showsValues: ReadonlySet<string> = new Set(
  `most_common_vals histogram_bounds most_common_elems range_bounds_histogram stavalues1 stavalues2 stavalues3
  stavalues4 stavalues5 stxdmcv stxdexpr chunk_data attmissingval`.split(/\s+/),
);

/** They say nothing of what is stored, where no column of the text's own has the name (older.ts). */
export const systemColumns: ReadonlySet<string> = new Set([
  "system_user",
  "ctid",
  "xmin",
  "xmax",
  "cmin",
  "cmax",
  "tableoid",
]);

/** A target that is a star of its own: `*`, `c.*`. */
export function isStar(target: unknown): boolean {
  const value = unwrap(unwrap(target)?.node.val);
  const fields = value?.kind === "ColumnRef" ? list(value.node.fields) : [];
  return isNode(fields.at(-1)) && "A_Star" in (fields.at(-1) as Node);
}

export function hasStar(fields: unknown): boolean {
  return list(fields).some((item) => isNode(item) && "A_Star" in item);
}

/** Items of FROM that are no relations. */
export const tableFunctions: ReadonlySet<string> = new Set(["RangeFunction", "RangeTableFunc", "JsonTable"]);

/** A relation or join whose columns get other names: `customers c(a, b)`. */
function renames(node: Node): boolean {
  if (!("relname" in node) && !("jointype" in node)) return false;
  return [node.alias, node.join_using_alias].some(
    (alias) => isNode(alias) && list(alias.colnames).length > 0,
  );
}
