import type { Action, Effect } from "../../../core/plugin.ts";
import { nothing } from "../../../core/plugin.ts";
import { safeFunctions, safeQualified, unsafeAttributes, unsafeFunctions } from "../sql/builtins.ts";
import type {
  AttributeMention,
  CallMention,
  Command,
  Mentions,
  NameMention,
  RelationMention,
} from "../sql/mentions.ts";
import { identifier, objectName } from "../sql/names.ts";
import { defaultSettings } from "../sql/settings.ts";
import { expressionDefinition } from "./definition.ts";
import { type RelationFacts, relationKey } from "./relations.ts";
import { type Definition, type FunctionFacts, type Reference, type Things, volatile } from "./things.ts";

/** What is known of a resource now. */
export interface Facts {
  readonly things: Things;
  /** What a key (`relationKey`) may mean; undefined: not asked yet. */
  relations(key: string): readonly RelationFacts[] | undefined;
}

/** Views of views of rules of defaults: more steps than this for one statement and it cannot be told. */
const mostSteps = 3_000;
const deepest = 64;

/** How a definition counts that a statement reaches without naming it. */
interface Reached {
  /** The relation that the statement names: a right on it covers what is done to others because of it. */
  readonly within: string | undefined;
  /** What it reads counts: a view's query and a rule, but no condition, check or default. */
  readonly reads: boolean;
  /** All that it does is within that relation, also where no relation is named (nextval). */
  readonly wholly: boolean;
}

const unseen: Reached = { within: undefined, reads: false, wholly: false };

/** What the catalogue makes of one text, as far as the facts go. */
export class Resolution {
  /** Keys of relations that must be known before it can be told. */
  readonly missing = new Set<string>();
  /** A name that nothing on the resource has: it may have by the next statement. */
  absent = false;
  /** Values may come from elsewhere than from the columns that the text names. */
  opaque = false;
  readonly added = new Map<string, Action>();
  /** Actions of the text that are none, or others. */
  readonly #dropped = new Set<string>();
  /** Where a name without a schema turned out to be another's than the text alone says. */
  readonly #elsewhere = new Map<string, Action[]>();
  readonly #kept = new Set<string>();
  readonly #visited = new Set<string>();
  #steps = 0;
  #depth = 0;

  constructor(
    readonly facts: Facts,
    /** The session may have temporary relations of its own. */
    readonly temporary: boolean,
  ) {}

  /** The actions of a text, or of a part of it, with what was found. */
  actions(own: readonly Action[]): Action[] {
    const all = new Map<string, Action>();
    for (const action of own) {
      const key = dropKey(action.effect, action.on);
      const found = this.added.has(actionKey(action));
      if (found || !this.#dropped.has(key) || this.#kept.has(key)) all.set(actionKey(action), action);
      for (const other of this.#elsewhere.get(key) ?? []) all.set(actionKey(other), other);
    }
    for (const [key, action] of this.added) if (!all.has(key)) all.set(key, action);
    return [...all.values()];
  }

  /** Of the statement itself: what it names counts as named. */
  statement(mentions: Mentions, own: readonly Action[]): void {
    this.#mentioned(mentions, undefined);
    for (const relation of mentions.relations) this.#named(relation, mentions, own);
  }

  /** Of a definition behind something that the statement names. */
  #reach(definition: Definition, how: Reached): void {
    if (!this.#step()) return;
    this.#depth += 1;
    const { actions, mentions } = definition;
    const dropped = this.#mentioned(mentions, how);
    const relations = new Set(mentions.relations.map(({ on }) => on));
    for (const { effect, on, traits } of actions) {
      if (on === nothing || dropped.has(dropKey(effect, on)) || (effect === "read" && !how.reads)) continue;
      const inside = how.within !== undefined && on !== how.within && (how.wholly || relations.has(on));
      this.#add({
        ...{ effect, on },
        ...(inside && how.within !== undefined ? { within: how.within } : {}),
        ...(traits === undefined ? {} : { traits }),
      });
    }
    for (const relation of mentions.relations) {
      for (const facts of this.#find(relation) ?? []) this.#does(relation, facts, how.within, how.reads);
    }
    this.#depth -= 1;
  }

  /** Calls, attributes, operators and types. `how` undefined: of the statement itself. Returns what is dropped. */
  #mentioned(mentions: Mentions, how: Reached | undefined): ReadonlySet<string> {
    const dropped = how === undefined ? this.#dropped : new Set<string>();
    const kept = how === undefined ? this.#kept : new Set<string>();
    const told: Told = { mentions, named: how === undefined, dropped, kept };
    if (mentions.full) this.#add({ effect: "unknown", on: "*" });
    for (const call of mentions.calls) this.#call(call, told);
    for (const attribute of mentions.attributes) this.#attribute(attribute, told);
    for (const operator of mentions.operators) this.#operator(operator, told);
    for (const type of mentions.types) this.#type(type, mentions);
    if (mentions.any) for (const one of this.facts.things.anywhere) this.#run(one);
    for (const key of kept) dropped.delete(key);
    return dropped;
  }

  #call(call: CallMention, told: Told): void {
    const { schema, name, args, on } = call;
    const candidates = this.facts.things
      .functions(name)
      .filter((one) => this.#visible(call, one.schema, told.mentions) && fits(one, args));
    if (args === 1 || args === -1) this.#type(call, told.mentions);
    const own = schema === "" || schema === "pg_catalog";
    const safe =
      (own && (safeFunctions.has(name) || special.has(name))) || safeQualified.has(`${schema}.${name}`);
    if (safe) {
      // Somebody's own of that name for other arguments. An extension's computes, as the server's does.
      for (const one of candidates) {
        if (!one.supplied) this.opaque = true;
        if (one.volatile || (told.named && !one.supplied)) this.#execute(one, on);
      }
      return;
    }
    const key = dropKey("execute", on);
    if (candidates.length === 0 || (own && unsafeFunctions.has(name))) told.kept.add(key);
    else told.dropped.add(key);
    for (const one of candidates) if (told.named || one.volatile) this.#execute(one, on);
  }

  #attribute(attribute: AttributeMention, told: Told): void {
    const { of, name, on } = attribute;
    const key = dropKey("execute", on);
    const candidates = this.facts.things
      .functions(name)
      .filter((one) => fits(one, 1) && this.#visible({ schema: "", name }, one.schema, told.mentions));
    const server = unsafeAttributes.has(name);
    if (of !== undefined && !server && candidates.length === 0) return;
    if (of !== undefined && this.#isColumn(of, name, told.mentions)) {
      told.dropped.add(key);
      return;
    }
    if (server) told.kept.add(key);
    else told.dropped.add(key);
    const ofRow = of !== undefined && !told.mentions.results.has(of) && !isCalled(of, told.mentions);
    for (const one of candidates) {
      if (ofRow && !one.ofRow) continue;
      this.opaque = true;
      if (told.named || one.volatile) this.#execute(one, on);
    }
  }

  /** Whether whatever the text calls `of` has that column. */
  #isColumn(of: string, name: string, mentions: Mentions): boolean {
    if (mentions.rows.has(of) || mentions.results.has(of) || isCalled(of, mentions)) return false;
    let meant = mentions.relations.filter(({ alias }) => alias === of);
    if (meant.length === 0 && implicit.has(of)) meant = mentions.relations.filter(({ command }) => command);
    return (
      meant.length > 0 &&
      meant.every((relation) => {
        const found = this.#find(relation);
        return found === undefined || (found.length > 0 && found.every(({ columns }) => columns.has(name)));
      })
    );
  }

  #operator(operator: NameMention, told: Told): void {
    const { schema, name } = operator;
    const candidates = this.facts.things
      .operators(name)
      .filter((one) => this.#visible(operator, one.schema, told.mentions));
    if (schema !== "" && schema !== "pg_catalog") {
      const key = dropKey("execute", objectName([schema, name], defaultSettings));
      (candidates.length === 0 ? told.kept : told.dropped).add(key);
    }
    for (const one of candidates) this.#run(one.function);
  }

  #type(type: NameMention, mentions: Mentions): void {
    const { things } = this.facts;
    const names = type.name.startsWith("_") ? [type.name, type.name.slice(1)] : [type.name];
    for (const name of names) {
      for (const one of things.castsTo(name)) {
        if (this.#visible(type, one.schema, mentions)) this.#run(one.function);
      }
      for (const oid of things.typesCalled(name)) {
        const facts = things.types.get(oid);
        if (facts && this.#visible(type, facts.schema, mentions)) this.value(oid, true);
      }
    }
  }

  /** A value of this type is made (`checked`) or shown. */
  value(oid: number, checked: boolean): void {
    const facts = this.facts.things.types.get(oid);
    if (facts === undefined || !this.#first(`type ${oid} ${checked}`)) return;
    for (const one of facts.functions) this.#run(one);
    for (const part of facts.parts) this.value(part, checked);
    if (checked) for (const check of facts.checks) this.#reach(expressionDefinition(check), unseen);
  }

  /** A function that the text does not name, which counts where it is volatile. */
  #run(one: Reference): void {
    const { things } = this.facts;
    const facts = things.function(one.oid);
    if (facts && !facts.supplied) this.opaque = true;
    if (things.volatile(one)) this.#add({ effect: "execute", on: nameOf(one), traits: [volatile] });
  }

  /** `on`: how the text's own action names it, which stays where nobody knows the schema. */
  #execute(one: FunctionFacts, on: string): void {
    const target = on.startsWith("*.") ? on : nameOf(one);
    this.#add({ effect: "execute", on: target, ...(one.volatile ? { traits: [volatile] } : {}) });
  }

  /** A relation that the statement names, under the name that it has on the resource. */
  #named(relation: RelationMention, mentions: Mentions, own: readonly Action[]): void {
    const found = this.#find(relation);
    if (found === undefined) return;
    const visible = found.filter(({ schema }) => this.#visible(relation, schema, mentions));
    const stored = visible.filter(({ schema }) => !isTemporary(schema));
    if (relation.schema === "" && !mentions.anySchema && stored.length > 0) {
      const names = this.#firstInPath(stored).map(nameOf);
      const explicit = mentions.relations.some(({ schema, on }) => schema !== "" && on === relation.on);
      if (!names.includes(relation.on) && !explicit) {
        for (const action of own) {
          if (action.on !== relation.on || action.effect === "execute") continue;
          const key = dropKey(action.effect, action.on);
          this.#dropped.add(key);
          const others = this.#elsewhere.get(key) ?? [];
          this.#elsewhere.set(key, [...others, ...names.map((on) => ({ ...action, on }))]);
        }
      } else this.#kept.add(dropKey(relation.effect, relation.on));
    }
    for (const facts of visible) {
      const on = isTemporary(facts.schema) || mentions.anySchema ? relation.on : nameOf(facts);
      this.#does(relation, facts, on, true);
    }
  }

  #firstInPath(found: readonly RelationFacts[]): readonly RelationFacts[] {
    const { path, certain } = this.facts.things.path;
    if (!certain) return found;
    const first = path.find((schema) => found.some((one) => one.schema === schema));
    return found.filter(({ schema }) => schema === first);
  }

  #does(
    { effect, command }: RelationMention,
    facts: RelationFacts,
    within: string | undefined,
    reads: boolean,
  ): void {
    if (effect === "read") this.#read(facts, within, reads);
    else if (effect === "write" || effect === "delete") this.#write(facts, command, effect, within, reads);
    // REFRESH runs what it is made of.
    else if (effect === "define" && facts.kind === "m" && facts.query) this.#reach(facts.query, unseen);
  }

  #read(facts: RelationFacts, within: string | undefined, reads: boolean): void {
    if (!this.#first(`read ${nameOf(facts)} ${within} ${reads}`)) return;
    for (const type of facts.types) this.value(type, false);
    for (const condition of facts.conditions) this.#reach(condition, unseen);
    const { query, kind } = facts;
    if (query === undefined) return;
    if (kind === "v") this.#reach(query, { within, reads, wholly: false });
    else if (reads && within !== undefined) {
      // It shows what was stored when it was refreshed, and runs nothing.
      for (const { on } of query.mentions.relations)
        if (on !== within) this.#add({ effect: "read", on, within });
    }
  }

  #write(
    facts: RelationFacts,
    command: Command | undefined,
    effect: "write" | "delete",
    within: string | undefined,
    reads: boolean,
  ): void {
    if (!this.#first(`${effect} ${command} ${nameOf(facts)} ${within} ${reads}`)) return;
    for (const condition of facts.conditions) this.#reach(condition, unseen);
    if (effect === "write") {
      for (const one of this.facts.things.assigned) this.#run(one);
      for (const type of facts.types) this.value(type, true);
      for (const value of facts.values) this.#reach(value, { within, reads: false, wholly: true });
    }
    for (const rule of facts.rules) {
      if (rule.command === command) this.#reach(rule.does, { within, reads, wholly: true });
    }
    if (facts.base) {
      if (facts.query) this.#reach(facts.query, { within, reads: false, wholly: false });
      this.#onward(facts.base, command, effect, within, reads);
    }
    for (const one of facts.referring) {
      if (command === "truncate") this.#onward(one, command, "delete", within, reads);
      else if (command === "delete" && one.onDelete === "c")
        this.#onward(one, command, "delete", within, reads);
      else if (command === "delete" && changes.has(one.onDelete))
        this.#onward(one, "update", "write", within, reads);
      else if (command === "update" && changes.has(one.onUpdate))
        this.#onward(one, command, "write", within, reads);
    }
    if (effect === "write" && command === "insert") return;
    for (const child of facts.children) {
      for (const one of this.#known(child) ?? []) this.#write(one, command, effect, within, reads);
    }
  }

  /** What is done to another relation because of what is done to this one. */
  #onward(
    target: NameMention,
    command: Command | undefined,
    effect: "write" | "delete",
    within: string | undefined,
    reads: boolean,
  ): void {
    const on = nameOf(target);
    if (on !== within) this.#add({ effect, on, ...(within === undefined ? {} : { within }) });
    for (const one of this.#known(target) ?? []) this.#write(one, command, effect, within, reads);
  }

  #find(relation: RelationMention): readonly RelationFacts[] | undefined {
    return /^(pg_catalog|information_schema)\./.test(relation.on) ? [] : this.#known(relation);
  }

  #known({ schema, name }: NameMention): readonly RelationFacts[] | undefined {
    const key = relationKey(schema, name);
    const found = this.facts.relations(key);
    if (found === undefined) this.missing.add(key);
    else if (found.length === 0) this.absent = true;
    return found;
  }

  #visible(mention: NameMention, schema: string, { anySchema }: Mentions): boolean {
    if (mention.schema !== "") {
      return mention.schema === schema || (mention.schema === "pg_temp" && isTemporary(schema));
    }
    if (isTemporary(schema)) return this.temporary;
    return anySchema || schema === "pg_catalog" || this.facts.things.path.path.includes(schema);
  }

  #add(action: Action): void {
    this.added.set(actionKey(action), action);
  }

  #first(what: string): boolean {
    if (this.#visited.has(what)) return false;
    this.#visited.add(what);
    return this.#step();
  }

  #step(): boolean {
    this.#steps += 1;
    if (this.#steps <= mostSteps && this.#depth <= deepest) return true;
    this.#add({ effect: "unknown", on: "*" });
    return false;
  }
}

interface Told {
  readonly mentions: Mentions;
  /** It is the statement itself that names them. */
  readonly named: boolean;
  readonly dropped: Set<string>;
  readonly kept: Set<string>;
}

/** Told from their arguments by the classifier. */
const special: ReadonlySet<string> = new Set(["nextval", "setval", "set_config"]);

/** Rows of the statement's target. */
const implicit: ReadonlySet<string> = new Set(["excluded", "old", "new"]);

/** ON DELETE or ON UPDATE that writes: cascade, set null, set default. */
const changes: ReadonlySet<string> = new Set(["c", "n", "d"]);

function fits({ least, most }: FunctionFacts, args: number): boolean {
  return args === -1 || (least <= args && args <= most);
}

function isCalled(name: string, { calls }: Mentions): boolean {
  return calls.some((call) => call.name === name);
}

function isTemporary(schema: string): boolean {
  return schema.startsWith("pg_temp_");
}

function nameOf({ schema, name }: NameMention): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

function actionKey({ effect, on, within = "", traits = [] }: Action): string {
  return JSON.stringify([effect, on, within, ...traits]);
}

function dropKey(effect: Effect, on: string): string {
  return `${effect} ${on}`;
}
