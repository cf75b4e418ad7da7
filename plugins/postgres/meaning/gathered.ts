import type { Action, Effect } from "../../../core/plugin.ts";
import type { NameMention, RelationMention } from "../sql/mentions.ts";
import { identifier } from "../sql/names.ts";
import { planned } from "../sql/statements.ts";
import { type RelationFacts, relationKey } from "./relations.ts";
import { type FunctionFacts, type Reference, type Things, volatile } from "./things.ts";

/** What is known of a resource now. */
export interface Facts {
  readonly things: Things;
  /** What a key (`relationKey`) may mean; undefined: not asked yet. */
  relations(key: string): readonly RelationFacts[] | undefined;
}

/** Where a name without a schema is looked up. */
export type Lookup = "path" | "anywhere" | "pg_catalog";

/** Views of views of rules of defaults: more steps than this for one statement and it cannot be told. */
const mostSteps = 3_000;
const deepest = 64;

/** What is found on the way through the catalogue, and how far the way may go. */
export class Gathered {
  /** Keys of relations that must be known before it can be told. */
  readonly missing = new Set<string>();
  /** A name that nothing on the resource has: it may have by the next statement. */
  absent = false;
  /** Values may come from elsewhere than from the columns that the text names. */
  opaque = false;
  /** By `actionKey`. */
  readonly actions = new Map<string, Action>();
  /** What is found now is only planned (EXPLAIN). */
  planned = false;
  /** The relation of the text that it is found behind, in words. */
  through: string | undefined;
  readonly #visited = new Set<string>();
  #steps = 0;
  #depth = 0;

  constructor(
    readonly facts: Facts,
    /** The session may have temporary relations of its own. */
    readonly temporary: boolean,
  ) {}

  add(action: Action): void {
    const { traits: _, ...bare } = action;
    const found: Action = this.planned && planned.has(action.effect) ? { ...bare, effect: "read" } : action;
    const key = actionKey(found);
    if (this.actions.has(key)) return;
    this.actions.set(key, this.through === undefined ? found : { ...found, through: this.through });
  }

  /** A function that the text does not name, which counts where it is volatile. */
  run(one: Reference): void {
    const { things } = this.facts;
    const facts = things.function(one.oid);
    if (facts && !facts.supplied) this.opaque = true;
    if (things.volatile(one)) this.add({ effect: "execute", on: nameOf(one), traits: [volatile] });
  }

  /** `on`: how the text's own action names it, which stays where nobody knows the schema. */
  execute(one: FunctionFacts, on: string): void {
    const target = on.startsWith("*.") ? on : nameOf(one);
    this.add({ effect: "execute", on: target, ...(one.volatile ? { traits: [volatile] } : {}) });
  }

  /** The relations that a text may mean; undefined: not known yet. */
  find(relation: RelationMention): readonly RelationFacts[] | undefined {
    return /^(pg_catalog|information_schema)\./.test(relation.on) ? [] : this.known(relation);
  }

  known({ schema, name }: NameMention): readonly RelationFacts[] | undefined {
    const key = relationKey(schema, name);
    const found = this.facts.relations(key);
    if (found === undefined) this.missing.add(key);
    else if (found.length === 0) this.absent = true;
    return found;
  }

  /** Whether the name may mean something in that schema. */
  visible(mention: NameMention, schema: string, lookup: Lookup): boolean {
    if (mention.schema !== "") {
      return mention.schema === schema || (mention.schema === "pg_temp" && isTemporary(schema));
    }
    if (lookup === "pg_catalog") return schema === lookup;
    if (isTemporary(schema)) return this.temporary;
    return lookup === "anywhere" || schema === "pg_catalog" || this.facts.things.path.path.includes(schema);
  }

  /** Whether this is new. */
  first(what: string): boolean {
    const step = this.planned ? `planned ${what}` : what;
    if (this.#visited.has(step)) return false;
    this.#visited.add(step);
    return this.#step();
  }

  /** One level of definitions further in. */
  inside(look: () => void): void {
    if (!this.#step()) return;
    this.#depth += 1;
    look();
    this.#depth -= 1;
  }

  #step(): boolean {
    this.#steps += 1;
    if (this.#steps <= mostSteps && this.#depth <= deepest) return true;
    this.add({ effect: "unknown", on: "*" });
    return false;
  }
}

export function isTemporary(schema: string): boolean {
  return schema.startsWith("pg_temp_");
}

export function nameOf({ schema, name }: NameMention): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

/** Equal for equal actions. */
export function actionKey({ effect, on, within = "", traits = [] }: Action): string {
  return JSON.stringify([effect, on, within, ...traits]);
}

/** Equal for actions that are dropped together. */
export function dropKey(effect: Effect, on: string): string {
  return `${effect} ${on}`;
}
