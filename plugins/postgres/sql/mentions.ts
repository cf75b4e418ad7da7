import type { Effect } from "../../../core/plugin.ts";
import { isNode, list, type Node, parts, text, unwrap } from "./node.ts";

/**
 * What a text names that the resource's catalogue may make more of than the text shows: relations (views, rules, row
 * security), functions, operators and types somebody made. Names as SQL means them: unquoted ones folded.
 */
export interface Mentions {
  readonly relations: readonly RelationMention[];
  readonly calls: readonly CallMention[];
  readonly attributes: readonly AttributeMention[];
  readonly operators: readonly NameMention[];
  readonly types: readonly NameMention[];
  /** More than are kept: what they mean cannot be told. */
  readonly full: boolean;
  /** There is anything at all. */
  readonly any: boolean;
  /** A column is set to DEFAULT. */
  readonly defaults: boolean;
  /** The session set another search_path: a name without a schema may be in any. */
  readonly anySchema: boolean;
  /** Names that stand for rows of no relation: subqueries, queries in WITH, joins. */
  readonly rows: ReadonlySet<string>;
  /** Names that stand for what a function in FROM gives, which may be no row at all. */
  readonly results: ReadonlySet<string>;
  /** Names that may stand for a whole row as one value. */
  readonly wholes: ReadonlySet<string>;
}

export interface NameMention {
  /** Empty: the text names none. */
  readonly schema: string;
  readonly name: string;
}

/** What a statement does to the rows of its target. `truncate`: with all that refers to it. */
export type Command = "insert" | "update" | "delete" | "truncate";

export interface RelationMention extends NameMention {
  /** The target of its action. */
  readonly on: string;
  readonly effect: Effect;
  /** Absent where it is only read, or (COPY, SELECT INTO) filled past any rule. */
  readonly command?: Command;
  /** What it is called in the text. */
  readonly alias: string;
  /** It is only planned (EXPLAIN): nothing is done to it. */
  readonly planned?: true;
}

export interface CallMention extends NameMention {
  readonly on: string;
  /** Arguments given; -1: as many as may be (WITHIN GROUP). */
  readonly args: number;
}

/** `of.name`: a column, or a call of that function. */
export interface AttributeMention {
  readonly name: string;
  /** The action of such a call is `execute` on it. */
  readonly on: string;
  /** Absent: an expression, and the actions have the call already. */
  readonly of?: string;
}

/** More distinct names in one text than this are not looked up. */
const most = 4_000;

/** Operators that are run where other words stand. */
const implied: Readonly<Record<string, readonly string[]>> = {
  BETWEEN: ["<=", ">="],
  "NOT BETWEEN": ["<", ">"],
  "BETWEEN SYMMETRIC": ["<=", ">="],
  "NOT BETWEEN SYMMETRIC": ["<", ">"],
};

/** Gathers what a text mentions, each once. */
export class Mentioned implements Mentions {
  readonly rows = new Set<string>();
  readonly results = new Set<string>();
  readonly wholes = new Set<string>();
  readonly #relations = new Map<string, RelationMention>();
  readonly #calls = new Map<string, CallMention>();
  readonly #attributes = new Map<string, AttributeMention>();
  readonly #operators = new Map<string, NameMention>();
  readonly #types = new Map<string, NameMention>();
  full = false;
  any = false;
  defaults = false;
  /** What is mentioned from now on is only planned. */
  planned = false;

  constructor(readonly anySchema = false) {}

  get relations(): RelationMention[] {
    return [...this.#relations.values()];
  }
  get calls(): CallMention[] {
    return [...this.#calls.values()];
  }
  get attributes(): AttributeMention[] {
    return [...this.#attributes.values()];
  }
  get operators(): NameMention[] {
    return [...this.#operators.values()];
  }
  get types(): NameMention[] {
    return [...this.#types.values()];
  }

  relation(node: Node, on: string, effect: Effect, command: Command | undefined): void {
    const [schema, name] = [text(node.schemaname) ?? "", text(node.relname) ?? ""];
    const alias = aliasOf(node.alias) ?? name;
    // Under other names its columns are others: `orders c(a, b)`.
    if (isNode(node.alias) && list(node.alias.colnames).length > 0) this.rows.add(alias);
    const mention = {
      ...{ schema, name, on, effect, alias },
      ...(command === undefined ? {} : { command }),
      ...(this.planned ? { planned: true as const } : {}),
    };
    this.#keep(this.#relations, [schema, name, effect, command, alias, this.planned], mention);
  }

  call(name: readonly string[], on: string, args: number): void {
    const mention = { ...named(name), on, args };
    this.#keep(this.#calls, [mention.schema, mention.name, args], mention);
  }

  whole(name: string): void {
    if (this.wholes.size < most) this.wholes.add(name);
    else this.full = true;
  }

  attribute(of: string | undefined, name: string, on: string): void {
    const mention = { name, on, ...(of === undefined ? {} : { of }) };
    this.#keep(this.#attributes, [of, name], mention);
  }

  operator(name: readonly string[]): void {
    for (const each of implied[name.at(-1) ?? ""] ?? [name.at(-1) ?? ""]) {
      const mention = { schema: name.at(-2) ?? "", name: each };
      this.#keep(this.#operators, [mention.schema, each], mention);
    }
  }

  type(name: readonly string[]): void {
    const mention = named(name);
    this.#keep(this.#types, [mention.schema, mention.name], mention);
  }

  /** What any node may hold: a type's name, an alias, an operator that is not written. */
  node(node: Node): void {
    if ("names" in node && "typemod" in node) this.type(parts(node.names));
    for (const alias of [aliasOf(node.alias), aliasOf(node.join_using_alias)]) {
      if (alias !== undefined) ("functions" in node ? this.results : this.rows).add(alias);
    }
    if ("functions" in node) this.#unnamedResult(node.functions);
    if ("usingClause" in node || node.isNatural === true) this.operator(["="]);
    if (node.subLinkType === "ANY_SUBLINK" && !("operName" in node)) this.operator(["="]);
    // CASE x WHEN y
    if ("arg" in node && "args" in node) this.operator(["="]);
  }

  /** A function in FROM without an alias is called like itself. */
  #unnamedResult(functions: unknown): void {
    for (const item of list(functions)) {
      for (const call of list(unwrap(item)?.node.items)) {
        const name = parts(unwrap(call)?.node.funcname).at(-1);
        if (name !== undefined) this.results.add(name);
      }
    }
  }

  #keep<Mention>(all: Map<string, Mention>, key: readonly unknown[], mention: Mention): void {
    this.any = true;
    if (all.size >= most) this.full = true;
    else all.set(key.join("\0"), mention);
  }
}

/** Of a text of which nothing is known. */
export const noMentions: Mentions = new Mentioned();

function named(name: readonly string[]): NameMention {
  return { schema: name.at(-2) ?? "", name: name.at(-1) ?? "" };
}

export function aliasOf(alias: unknown): string | undefined {
  return isNode(alias) ? text(alias.aliasname) : undefined;
}
