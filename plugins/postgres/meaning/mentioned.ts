import { safeFunctions, safeQualified, unsafeAttributes, unsafeFunctions } from "../sql/builtins.ts";
import type { AttributeMention, CallMention, Mentions, NameMention } from "../sql/mentions.ts";
import { objectName } from "../sql/names.ts";
import { defaultSettings } from "../sql/settings.ts";
import { dropKey, type Facts, type Gathered, type Lookup } from "./gathered.ts";
import type { Own } from "./own.ts";
import type { Definition, FunctionFacts } from "./things.ts";
import type { TypeFacts } from "./types.ts";

/** Whose mentions they are, and what becomes of the actions that the text alone shows. */
export interface Told {
  readonly mentions: Mentions;
  /** It is the statement itself that names them. */
  readonly named: boolean;
  readonly lookup: Lookup;
  /** Actions that are none, or others, by `dropKey`, unless they are kept for another reason. */
  readonly dropped: Set<string>;
  readonly kept: Set<string>;
}

/** What calls, attributes, operators and types that a text mentions are on a resource. */
export class Mentioning {
  readonly #gathered: Gathered;
  readonly #check: (definition: Definition) => void;

  /** `check`: looks into a domain's condition. */
  constructor(gathered: Gathered, check: (definition: Definition) => void) {
    this.#gathered = gathered;
    this.#check = check;
  }

  get #facts(): Facts {
    return this.#gathered.facts;
  }
  get #own(): Own {
    return this.#facts.own;
  }

  tell(told: Told): void {
    const { mentions, lookup, dropped, kept } = told;
    if (mentions.full) this.#gathered.add({ effect: "unknown", on: "*" });
    for (const call of mentions.calls) this.#call(call, told);
    for (const attribute of mentions.attributes) this.#attribute(attribute, told);
    for (const operator of mentions.operators) this.#operator(operator, told);
    for (const type of mentions.types) this.#type(type, lookup);
    if (mentions.any) for (const one of this.#own.anywhere) this.#gathered.implied(one);
    for (const key of kept) dropped.delete(key);
  }

  #call(call: CallMention, told: Told): void {
    const { schema, name, args, on } = call;
    const candidates = this.#own
      .functions(name)
      .filter((one) => this.#gathered.visible(call, one.schema, told.lookup) && fits(one, args));
    if (args === 1 || args === -1) this.#type(call, told.lookup);
    const own = schema === "" || schema === "pg_catalog";
    const safe =
      (own && (safeFunctions.has(name) || special.has(name))) || safeQualified.has(`${schema}.${name}`);
    if (safe) {
      // Somebody's own of that name for other arguments. An extension's computes, as the server's does.
      const ownFirst = this.#own.path.path.indexOf("pg_catalog") <= 0;
      for (const one of candidates) {
        if (one.shadowed && ownFirst) continue;
        if (!one.supplied) this.#gathered.opaque = true;
        if (this.#facts.volatile(one) || (told.named && !one.supplied)) this.#gathered.execute(one, on);
      }
      return;
    }
    const key = dropKey("execute", on);
    if (candidates.length === 0 || (own && unsafeFunctions.has(name))) told.kept.add(key);
    else told.dropped.add(key);
    for (const one of candidates)
      if (told.named || this.#facts.volatile(one)) this.#gathered.execute(one, on);
  }

  #attribute(attribute: AttributeMention, told: Told): void {
    const { of, name, on } = attribute;
    const key = dropKey("execute", on);
    const candidates = this.#own
      .functions(name)
      .filter((one) => fits(one, 1) && this.#gathered.visible({ schema: "", name }, one.schema, told.lookup));
    const server = unsafeAttributes.has(name);
    const type = this.#facts.typesCalled(name).types.length > 0;
    if (of !== undefined && !server && !type && candidates.length === 0) return;
    if (of !== undefined && this.#isColumn(of, name, told.mentions)) {
      told.dropped.add(key);
      return;
    }
    // A cast can be written so too.
    if (type) this.#type({ schema: "", name }, told.lookup);
    if (server) told.kept.add(key);
    else told.dropped.add(key);
    const ofRow = of !== undefined && !told.mentions.results.has(of) && !isCalled(of, told.mentions);
    for (const one of candidates) {
      if (ofRow && !one.ofRow) continue;
      this.#gathered.opaque = true;
      if (told.named || this.#facts.volatile(one)) this.#gathered.execute(one, on);
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
        const found = this.#gathered.find(relation);
        return found === undefined || (found.length > 0 && found.every(({ columns }) => columns.has(name)));
      })
    );
  }

  #operator(operator: NameMention, told: Told): void {
    const { schema, name } = operator;
    const candidates = this.#own
      .operators(name)
      .filter((one) => this.#gathered.visible(operator, one.schema, told.lookup));
    if (schema !== "" && schema !== "pg_catalog") {
      const key = dropKey("execute", objectName([schema, name], defaultSettings));
      (candidates.length === 0 ? told.kept : told.dropped).add(key);
    }
    for (const one of candidates) this.#gathered.run(one.function);
  }

  #type(type: NameMention, lookup: Lookup): void {
    const names = type.name.startsWith("_") ? [type.name, type.name.slice(1)] : [type.name];
    for (const name of names) {
      const { types, casts } = this.#facts.typesCalled(name);
      for (const one of casts) {
        if (this.#gathered.visible(type, one.schema, lookup)) this.#gathered.run(one.function);
      }
      for (const facts of types) {
        if (this.#gathered.visible(type, facts.schema, lookup)) this.#value(facts, true);
      }
    }
  }

  /** A value of this type is made (`checked`) or shown. */
  value(oid: number, checked: boolean): void {
    const facts = this.#facts.type(oid);
    if (facts !== undefined) this.#value(facts, checked);
  }

  #value(facts: TypeFacts, checked: boolean): void {
    if (!this.#gathered.first(`type ${facts.oid} ${checked}`)) return;
    for (const one of facts.functions) this.#gathered.run(one);
    for (const part of facts.parts) this.value(part, checked);
    if (checked) for (const one of facts.casts) this.#gathered.run(one);
    if (checked) for (const check of facts.checks) this.#check(check);
  }
}

/** Told from their arguments by the classifier. */
const special: ReadonlySet<string> = new Set(["nextval", "setval", "set_config"]);

/** Rows of the statement's target. */
const implicit: ReadonlySet<string> = new Set(["excluded", "old", "new"]);

function fits({ least, most }: FunctionFacts, args: number): boolean {
  return args === -1 || (least <= args && args <= most);
}

function isCalled(name: string, { calls }: Mentions): boolean {
  return calls.some((call) => call.name === name);
}
