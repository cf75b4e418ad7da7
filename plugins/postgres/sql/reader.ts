import type { Action, Effect } from "../../../core/plugin.ts";
import { compositeFields, safeFunctions, safeQualified, unsafeAttributes } from "./builtins.ts";
import { leaving, saysWho } from "./leaving.ts";
import { aliasOf, type Command, Mentioned } from "./mentions.ts";
import { isSecretSetting, secretRelations, shownBy } from "./metadata.ts";
import { functionName, namedByText, objectName, relationName } from "./names.ts";
import { constant, isNode, list, type Node, parts, text, unwrap } from "./node.ts";
import { isStar } from "./refs.ts";
import { nextSettings, type SessionSettings, settingChange } from "./settings.ts";
import { statementKinds } from "./statements.ts";
import { unlockingBy } from "./unlocking.ts";

/** The names of the WITH queries that hide a relation of the same name here. */
export type Scope = ReadonlySet<string>;
export const emptyScope: Scope = new Set();

/** Where a node names an operator, as a list of name parts. */
const operatorFields = ["name", "operName", "useOp"];

/** Syntax since PostgreSQL 16; before, each was a call of a function of that name, which could be anybody's. */
const onceCalls: Readonly<Record<string, readonly string[]>> = {
  JsonParseExpr: ["json"],
  JsonScalarExpr: ["json_scalar"],
  JsonSerializeExpr: ["json_serialize"],
  JsonFuncExpr: ["json_value", "json_query", "json_exists"],
  JsonObjectConstructor: ["json_object"],
  JsonArrayConstructor: ["json_array"],
  JsonArrayAgg: ["json_arrayagg"],
  MergeSupportFunc: ["merge_action"],
};

/** What a text says of names that live as long as the session: prepared statements and cursors. */
export interface NameUse {
  readonly verb: "prepare" | "execute" | "deallocate" | "declare" | "fetch" | "close";
  /** Absent: all of them. */
  readonly name?: string;
  /** For prepare and declare: what it does when it runs. */
  readonly actions?: readonly Action[];
}

/**
 * Walks a syntax tree and collects the actions. Every field of every node is visited, so that nothing is missed
 * in a place nobody thought of; what is known of a kind of node only adds to that.
 */
export class Reader {
  readonly uses: NameUse[] = [];
  /** COPY FROM STDIN, COPY TO STDOUT: a text may hold both. */
  copyIn = false;
  copyOut = false;
  /** What the session's settings become. */
  changes: SessionSettings | undefined;
  /** Whatever follows in the same message cannot be told from its text. */
  turned = false;
  readonly #actions = new Map<string, Action>();
  constructor(
    readonly settings: SessionSettings,
    readonly mentions = new Mentioned(settings.names !== "default"),
  ) {}

  get actions(): Action[] {
    return [...this.#actions.values()];
  }

  get acts(): boolean {
    return this.#actions.size > 0;
  }

  has(effect: Effect): boolean {
    return this.actions.some((action) => action.effect === effect);
  }

  add(effect: Effect, on: string, ...traits: string[]): void {
    const key = `${effect} ${traits.join()} ${on}`;
    if (this.#actions.has(key)) return;
    this.#actions.set(key, traits.length === 0 ? { effect, on } : { effect, on, traits });
  }

  addAll(actions: readonly Action[]): void {
    for (const { effect, on, traits = [] } of actions) this.add(effect, on, ...traits);
  }

  /** A statement by its kind; a kind nobody knows is `unknown`. */
  statement(kind: string, node: Node, scope: Scope): void {
    const read = statementKinds[kind];
    if (read === undefined) this.add("unknown", "*");
    else read(this, node, scope);
  }

  /** Reads a part on its own, for EXPLAIN and its kin, where its actions count differently. */
  part(read: (reader: Reader) => void, names = this.settings.names): Reader {
    const reader = new Reader({ ...this.settings, names }, this.mentions);
    read(reader);
    this.uses.push(...reader.uses);
    this.change(reader.changes, reader.turned);
    return reader;
  }

  change(changes: SessionSettings | undefined, turns: boolean): void {
    this.changes = this.changes === undefined ? changes : nextSettings(this.changes, changes);
    this.turned ||= turns;
  }

  /** `effect` is what a relation that is merely named here means. */
  visit(value: unknown, scope: Scope, effect: Effect = "read"): void {
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item, scope, effect);
      return;
    }
    if (!isNode(value)) return;
    const wrapped = unwrap(value);
    if (wrapped?.kind === "SetToDefault") this.mentions.defaults = true;
    if (wrapped === undefined) this.fields(value, scope, effect);
    else if (wrapped.kind.endsWith("Stmt")) this.statement(wrapped.kind, wrapped.node, scope);
    else {
      for (const name of onceCalls[wrapped.kind] ?? [])
        this.mentions.call([name], functionName([name], this.settings), -1);
      this.fields(wrapped.node, scope, effect);
    }
  }

  /** All fields of a node except those named. */
  fields(node: Node, scope: Scope, effect: Effect, ...except: string[]): void {
    if ("relname" in node) return this.relation(node, scope, effect);
    this.mentions.node(node);
    // A function's or role's own setting, not this session's.
    if (node.defname === "set") return;
    if ("funcname" in node) this.call(node);
    if ("fields" in node) this.attribute(parts(node.fields));
    // `o.*` is a row only where it is not a target of its own.
    if (isStar({ ResTarget: node })) return;
    // That of a column to be set (`set a.b = …`) has no value before it.
    if ("indirection" in node && "arg" in node) this.field(parts(node.indirection));
    for (const field of operatorFields) if (field in node) this.operator(node[field]);
    if ("method" in node) this.#sample(parts(node.method));
    const inner = isNode(node.withClause) ? this.#with(node.withClause, scope) : scope;
    for (const field in node) {
      const value = node[field];
      if (typeof value !== "object" || field === "withClause" || except.includes(field)) continue;
      if (field === "intoClause") this.into(value, inner);
      else if (field === "lockingClause") this.#locks(node, inner);
      else this.visit(value, inner, effect);
    }
  }

  relation(node: Node, scope: Scope, effect: Effect, command?: Command): void {
    const name = text(node.relname) ?? "";
    const schema = text(node.schemaname) ?? "";
    if (schema === "" && scope.has(name)) {
      this.mentions.rows.add(aliasOf(node.alias) ?? name);
      return;
    }
    const on = relationName(schema, name, this.settings);
    this.add(effect, on);
    this.mentions.relation(node, on, effect, command);
    // What is made is not made in the schema that is searched first.
    if (effect === "define" && schema === "") this.add(effect, objectName([name], this.settings));
    // A rule of that view calls set_config with whatever name and value the statement makes up.
    if (effect === "write" && on === "pg_catalog.pg_settings") this.setting(undefined, undefined);
    // Who can read them can prove to be somebody else, past the gateway too.
    if (secretRelations.has(on)) this.add("grant", on);
  }

  nameOf(node: Node): string {
    return relationName(text(node.schemaname) ?? "", text(node.relname) ?? "", this.settings);
  }

  functionOf(call: Node): string {
    return functionName(parts(call.funcname), this.settings);
  }

  /** SELECT INTO and CREATE TABLE AS make a table and fill it. */
  into(value: unknown, scope: Scope): void {
    const rel = isNode(value) ? value.rel : undefined;
    if (!isNode(rel)) return this.add("unknown", "*");
    this.relation(rel, emptyScope, "define");
    this.relation(rel, emptyScope, "write");
    if (!("schemaname" in rel)) this.add("write", objectName([text(rel.relname) ?? ""], this.settings));
    this.visit(isNode(value) ? value.options : undefined, scope);
  }

  /** `given`: how many arguments; -1 where the text does not say. */
  call(node: Node, given = node.agg_within_group === true ? -1 : list(node.args).length): void {
    const name = parts(node.funcname);
    const last = name.at(-1) ?? "";
    const schema = name.at(-2) ?? "";
    const args = list(node.args);
    const on = functionName(name, this.settings);
    this.mentions.call(name, on, given);
    if (schema === "" || schema === "pg_catalog") {
      if (safeFunctions.has(last)) return this.reads(shownBy(last, constant(args[0])));
      if (last === "nextval" || last === "setval") {
        return this.add("write", namedByText(constant(args[0]), this.settings) ?? "*");
      }
      if (last === "set_config") return this.#setConfig(args);
    }
    if (!safeQualified.has(name.join("."))) this.add("execute", on);
  }

  /** A setting, or a relation of the server's. */
  reads(on: string | undefined): void {
    if (on === undefined) return;
    this.add("read", on);
    if (isSecretSetting(on)) this.add("grant", on);
  }

  /** A value that is computed could be a stored one, which any later statement would read back from the setting. */
  #setConfig([setting, value]: readonly unknown[]): void {
    const name = constant(setting);
    this.setting(name, values(value));
    if (values(value) !== undefined || name === undefined || unwrap(value)?.kind === "ParamRef") return;
    this.add("unknown", `setting ${name.toLowerCase()}`);
  }

  /** A setting changed by SET, RESET or set_config; an unknown name may be any. */
  setting(name: string | undefined, given: readonly string[] | undefined): void {
    if (name === undefined) {
      this.change({ names: "untrusted", standardStrings: false, utf8: false }, true);
      return this.add("unknown", "setting *", leaving);
    }
    const { effect, changes, turns } = settingChange(name.toLowerCase(), given);
    const traits = saysWho(name) ? [leaving] : unlockingBy(name, given);
    this.add(effect, `setting ${name.toLowerCase()}`, ...traits);
    this.change(changes, turns);
  }

  /** `x.f` calls f(x) where x is a relation without a column f. */
  attribute([first, ...names]: readonly string[]): void {
    if (first !== undefined && names.length === 0) this.mentions.whole(first);
    names.forEach((name, at) => {
      this.mentions.attribute(names[at - 1] ?? first, name, functionName([name], this.settings));
    });
    for (const name of names) {
      if (unsafeAttributes.has(name)) this.add("execute", functionName([name], this.settings));
      else this.reads(shownBy(name, undefined));
    }
  }

  /** `(x).f` calls f(x) where x has no field f, as any value has none that is not composite: `(42).delete_order`. */
  field(names: readonly string[]): void {
    for (const name of names) {
      this.mentions.attribute(undefined, name, functionName([name], this.settings));
      if (safeFunctions.has(name)) this.reads(shownBy(name, undefined));
      else if (!compositeFields.has(name)) this.add("execute", functionName([name], this.settings));
    }
  }

  /** OPERATOR(schema.+), ORDER BY … USING: somebody's function, where the schema is not the server's own. */
  operator(value: unknown): void {
    const name = parts(value);
    if (name.length > 0) this.mentions.operator(name);
    if (name.length > 1 && name.at(-2) !== "pg_catalog") this.add("execute", objectName(name, this.settings));
  }

  #sample(method: readonly string[]): void {
    if (method.length === 1 && (method[0] === "system" || method[0] === "bernoulli")) return;
    if (method.length > 0) this.add("execute", objectName(method, this.settings));
  }

  /** A query's own name hides a relation only for what comes after it, in itself only if it is recursive. */
  #with(clause: Node, scope: Scope): Scope {
    const inner = new Set(scope);
    const queries = list(clause.ctes).map((cte) => unwrap(cte)?.node ?? {});
    if (clause.recursive === true) for (const query of queries) inner.add(text(query.ctename) ?? "");
    for (const query of queries) {
      this.fields(query, new Set(inner), "read");
      inner.add(text(query.ctename) ?? "");
    }
    return inner;
  }

  /** FOR UPDATE and its kin need the right to update, on the server as here. */
  #locks(select: Node, scope: Scope): void {
    for (const clause of list(select.lockingClause)) {
      const wanted = list(unwrap(clause)?.node.lockedRels).map((rel) => text(unwrap(rel)?.node.relname));
      const all = wanted.length === 0;
      for (const rel of relationsIn(select.fromClause)) {
        const alias = isNode(rel.alias) ? text(rel.alias.aliasname) : text(rel.relname);
        if (!all && !wanted.includes(alias)) continue;
        const name = text(rel.relname) ?? "";
        const schema = text(rel.schemaname) ?? "";
        if (schema !== "" || !scope.has(name)) {
          this.add("write", relationName(schema, name, this.settings), "lock");
        }
      }
    }
  }
}

export function* relationsIn(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const item of value) yield* relationsIn(item);
  else if (!isNode(value)) return;
  else if ("relname" in value) yield value;
  else for (const field in value) yield* relationsIn(value[field]);
}

function values(argument: unknown): readonly string[] | undefined {
  const value = constant(argument);
  return value === undefined ? undefined : [value];
}
