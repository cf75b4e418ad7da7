import { type Action, nothing } from "../../../core/plugin.ts";
import type { Command, Mentions, NameMention, RelationMention } from "../sql/mentions.ts";
import { actionKey, dropKey, type Facts, Gathered, isTemporary, type Lookup, nameOf } from "./gathered.ts";
import { Mentioning } from "./mentioned.ts";
import type { RelationFacts } from "./relations.ts";
import type { Definition } from "./things.ts";

/** How a definition counts that a statement reaches without naming it. */
interface Reached {
  /** The relation that the statement names: a right on it covers what is done to others because of it. */
  readonly within: string | undefined;
  /** What it reads counts: a view's query, a rule, a condition of row security, but no check or default. */
  readonly reads: boolean;
  /** All that it does is within that relation, also where no relation is named (nextval). */
  readonly wholly: boolean;
  /** But not that it reads this one, which is written. */
  readonly target?: string;
}

/** pg_class.relkind. */
const views: ReadonlySet<string> = new Set(["v", "m"]);

const unseen: Reached = { within: undefined, reads: false, wholly: false };

/** What the catalogue makes of one text, as far as the facts go. */
export class Resolution {
  readonly #gathered: Gathered;
  readonly #mentioning: Mentioning;
  /** Actions of the text that are none, or others. */
  readonly #dropped = new Set<string>();
  readonly #kept = new Set<string>();
  /** Where a name without a schema turned out to be another's than the text alone says. */
  readonly #elsewhere = new Map<string, Action[]>();
  /** An UPDATE of it may give a column its default. */
  #setsDefaults = false;

  constructor(facts: Facts, temporary: boolean) {
    this.#gathered = new Gathered(facts, temporary);
    this.#mentioning = new Mentioning(this.#gathered, (check) => this.#reach(check, unseen));
  }

  /** A name that nothing on the resource has: it may have by the next statement. */
  get absent(): boolean {
    return this.#gathered.absent;
  }
  /** Values may come from elsewhere than from the columns that the text names. */
  get opaque(): boolean {
    return this.#gathered.opaque;
  }

  /** The actions of a text, or of a part of it, with what was found. */
  actions(own: readonly Action[]): Action[] {
    const found = this.#gathered.actions;
    const all = new Map<string, Action>();
    for (const action of own) {
      const key = dropKey(action.effect, action.on);
      const stays = found.has(actionKey(action)) || !this.#dropped.has(key) || this.#kept.has(key);
      if (stays) all.set(actionKey(action), action);
      for (const other of this.#elsewhere.get(key) ?? []) all.set(actionKey(other), other);
    }
    for (const [key, action] of found) if (!all.has(key)) all.set(key, action);
    return [...all.values()];
  }

  /** Of the statement itself: what it names counts as named. `types`: oids of its parameters' types. */
  statement(mentions: Mentions, own: readonly Action[], types: readonly number[]): void {
    const sets = { dropped: this.#dropped, kept: this.#kept };
    this.#setsDefaults = mentions.defaults;
    this.#mentioning.tell({ mentions, named: true, lookup: lookupOf(mentions), ...sets });
    for (const relation of mentions.relations) this.#named(relation, mentions, own);
    for (const oid of types) this.#mentioning.value(oid, true);
  }

  /** Of a definition behind something that the statement names. */
  #reach(definition: Definition, how: Reached): void {
    this.#gathered.inside(() => this.#look(definition, how));
  }

  #look({ actions, mentions }: Definition, { within, reads, wholly, target }: Reached): void {
    const sets = { dropped: new Set<string>(), kept: new Set<string>() };
    this.#mentioning.tell({ mentions, named: false, lookup: "pg_catalog", ...sets });
    const relations = new Set(mentions.relations.map(({ on }) => on));
    for (const { effect, on, traits } of actions) {
      if (on === nothing || sets.dropped.has(dropKey(effect, on))) continue;
      if (effect === "read" && (!reads || on === target)) continue;
      const inside = within !== undefined && on !== within && (wholly || relations.has(on));
      this.#gathered.add({
        ...{ effect, on },
        ...(inside ? { within } : {}),
        ...(traits === undefined ? {} : { traits }),
      });
    }
    for (const relation of mentions.relations) {
      for (const facts of this.#gathered.find(relation) ?? []) {
        if (nameOf(facts) !== target) this.#does(relation, facts, within, reads);
      }
    }
  }

  /** A relation that the statement names, under the name that it has on the resource. */
  #named(relation: RelationMention, mentions: Mentions, own: readonly Action[]): void {
    const found = this.#gathered.find(relation);
    if (found === undefined) return;
    const visible = found.filter(({ schema }) =>
      this.#gathered.visible(relation, schema, lookupOf(mentions)),
    );
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
    this.#gathered.planned = relation.planned === true;
    for (const facts of visible) {
      // A text beside a whole row is read as one: `coalesce(o, '(1,x)')`.
      if (mentions.wholes.has(relation.alias))
        for (const type of facts.types) this.#mentioning.value(type, true);
      const on = isTemporary(facts.schema) || mentions.anySchema ? relation.on : nameOf(facts);
      this.#gathered.through = views.has(facts.kind) ? `the view ${nameOf(facts)}` : nameOf(facts);
      this.#does(relation, facts, on, true);
      if (own.some((action) => action.on === relation.on && action.traits?.includes("lock")))
        this.#lock(facts, on);
    }
    this.#gathered.planned = false;
    this.#gathered.through = undefined;
  }

  /** Who locks a view, or its rows, locks what it is over. */
  #lock({ kind, query, ...view }: RelationFacts, within: string): void {
    if (kind !== "v" || !query || !this.#gathered.first(`lock ${nameOf(view)} ${within}`)) return;
    for (const relation of query.mentions.relations) {
      for (const facts of this.#gathered.find(relation) ?? []) {
        this.#gathered.add({ effect: "write", on: nameOf(facts), within, traits: ["lock"] });
        this.#lock(facts, within);
      }
    }
  }

  #firstInPath(found: readonly RelationFacts[]): readonly RelationFacts[] {
    const { path, certain } = this.#gathered.facts.own.path;
    if (!certain) return found;
    const all = path.includes("pg_catalog") ? path : ["pg_catalog", ...path];
    const first = all.find((schema) => found.some((one) => one.schema === schema));
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
    if (!this.#gathered.first(`read ${nameOf(facts)} ${within} ${reads}`)) return;
    for (const type of facts.types) this.#mentioning.value(type, false);
    for (const type of facts.holding) this.#mentioning.value(type, true);
    for (const condition of facts.conditions) this.#reach(condition, { within, reads, wholly: false });
    const { query, kind } = facts;
    if (query === undefined) return;
    if (kind === "v") this.#reach(query, { within, reads, wholly: false });
    else if (reads && within !== undefined) {
      // It shows what was stored when it was refreshed, and runs nothing.
      for (const { on } of query.mentions.relations)
        if (on !== within) this.#gathered.add({ effect: "read", on, within });
    }
  }

  #write(
    facts: RelationFacts,
    command: Command | undefined,
    effect: "write" | "delete",
    within: string | undefined,
    reads: boolean,
  ): void {
    if (!this.#gathered.first(`${effect} ${command} ${nameOf(facts)} ${within} ${reads}`)) return;
    for (const condition of facts.conditions) this.#reach(condition, { within, reads, wholly: false });
    if (effect === "write") {
      for (const one of this.#gathered.facts.own.assigned) this.#gathered.implied(one);
      for (const type of facts.types) this.#mentioning.value(type, true);
      for (const value of this.#computed(facts, command !== "update" || this.#setsDefaults))
        this.#reach(value, { within, reads: false, wholly: true });
    }
    for (const rule of facts.rules) {
      if (rule.command === command) this.#reach(rule.does, { within, reads, wholly: true });
    }
    if (facts.base) {
      const target = nameOf(facts.base);
      if (facts.query) this.#reach(facts.query, { within, reads, wholly: false, target });
      this.#onward(facts.base, command, effect, within, reads);
    }
    for (const one of facts.referring) {
      this.#setsDefaults ||= one.onDelete === "d" || one.onUpdate === "d";
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
      for (const one of this.#gathered.known(child) ?? []) this.#write(one, command, effect, within, reads);
    }
  }

  /** What the server makes up when a row is written. `defaults`: columns may be given none of their own. */
  #computed({ values, types }: RelationFacts, defaults: boolean): Definition[] {
    const own = values.flatMap(({ generated, does }) => (generated || defaults ? does : []));
    if (!defaults) return own;
    return [...own, ...types.flatMap((oid) => this.#gathered.facts.type(oid)?.byDefault ?? [])];
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
    if (on !== within) this.#gathered.add({ effect, on, ...(within === undefined ? {} : { within }) });
    for (const one of this.#gathered.known(target) ?? []) this.#write(one, command, effect, within, reads);
  }
}

/** ON DELETE or ON UPDATE that writes: cascade, set null, set default. */
const changes: ReadonlySet<string> = new Set(["c", "n", "d"]);

function lookupOf({ anySchema }: Mentions): Lookup {
  return anySchema ? "anywhere" : "path";
}
