import type { Action, Effect } from "../../../core/plugin.ts";
import type { NameMention, RelationMention } from "../sql/mentions.ts";
import { identifier } from "../sql/names.ts";
import { planned } from "../sql/statements.ts";
import type { Own } from "./own.ts";
import { type RelationFacts, relationKey } from "./relations.ts";
import { type FunctionFacts, type Reference, volatile } from "./things.ts";
import type { TypeFacts, TypesCalled } from "./types.ts";

/** What is known of a resource now; what is not, it takes down to be asked for. */
export interface Facts {
  readonly own: Own;
  /** What a key (`relationKey`) may mean; undefined: not known yet. */
  relations(key: string): readonly RelationFacts[] | undefined;
  typesCalled(name: string): TypesCalled;
  type(oid: number): TypeFacts | undefined;
  /** Whether a function may change something, whatever it is marked as. */
  volatile(one: Reference): boolean;
}

/** Where a name without a schema is looked up. */
export type Lookup = "path" | "anywhere" | "pg_catalog";

/** Views of views of rules of defaults: more steps than this for one statement and it cannot be told. */
const mostSteps = 3_000;
const deepest = 64;

/** What is found on the way through the catalogue, and how far the way may go. */
export class Gathered {
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
    const own = this.facts.own.function(one.oid);
    if (own && !own.supplied) this.opaque = true;
    if (this.facts.volatile(one)) this.add({ effect: "execute", on: nameOf(own ?? one), traits: [volatile] });
  }

  /** The same of one that may run wherever there are values: nothing is made of it where it changes nothing. */
  implied(one: Reference): void {
    if (this.facts.volatile(one)) this.run(one);
  }

  /** `on`: how the text's own action names it, which stays where nobody knows the schema. */
  execute(one: FunctionFacts, on: string): void {
    const target = on.startsWith("*.") ? on : nameOf(one);
    this.add({ effect: "execute", on: target, ...(this.facts.volatile(one) ? { traits: [volatile] } : {}) });
  }

  /** The relations that a text may mean; undefined: not known yet. */
  find(relation: RelationMention): readonly RelationFacts[] | undefined {
    const { on, name } = relation;
    const server = /^(pg_catalog|information_schema)\./.exec(on)?.[1];
    if (server === undefined) return this.known(relation);
    // Somebody's own can be there too.
    return this.facts.own.hasName(name) ? this.known({ schema: server, name }) : [];
  }

  known({ schema, name }: NameMention): readonly RelationFacts[] | undefined {
    const found = this.facts.relations(relationKey(schema, name));
    if (found?.length === 0) this.absent = true;
    return found;
  }

  /** Whether the name may mean something in that schema. */
  visible(mention: NameMention, schema: string, lookup: Lookup): boolean {
    if (mention.schema !== "") {
      return mention.schema === schema || (mention.schema === "pg_temp" && isTemporary(schema));
    }
    if (lookup === "pg_catalog") return schema === lookup;
    if (isTemporary(schema)) return this.temporary;
    return lookup === "anywhere" || schema === "pg_catalog" || this.facts.own.path.path.includes(schema);
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
