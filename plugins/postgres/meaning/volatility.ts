import { unsafeFunctions } from "../sql/builtins.ts";
import { Body, castNames } from "./body.ts";
import type { Own, OwnFunction } from "./own.ts";
import type { Reading } from "./readings.ts";
import type { Reference } from "./things.ts";
import type { TypeFacts, TypesCalled } from "./types.ts";

/** Where a search leads on to; what is not known yet is taken down to be asked for, and leads nowhere. */
export interface Behind {
  readonly own: Own;
  /** null: nobody can read it. */
  body(one: OwnFunction): Body | null | undefined;
  typesCalled(name: string): TypesCalled;
  type(oid: number): TypeFacts | undefined;
  readingsCalled(name: string): readonly Reading[];
  reading(oid: number): Reading | undefined;
}

/**
 * Tells whether a function may change something, whatever it is marked as: nobody makes a body keep to what is said of it.
 * It may where its body, or a type of its arguments or result, leads to a function or operator that may: by name or
 * through a view, row security, a type or a cast, over as many steps as it takes.
 */
export class Volatility {
  readonly #known = new Map<number, boolean>();

  constructor(readonly behind: Behind) {}

  of(one: Reference): boolean {
    const own = this.behind.own.function(one.oid);
    if (own === undefined) return isVolatile(one);
    const known = this.#known.get(own.oid);
    if (known !== undefined) return known;
    const search = new Search(this.behind, this.#known);
    const found = search.from(own);
    if (found) this.#known.set(own.oid, true);
    else for (const each of search.reached) this.#known.set(each.oid, false);
    return found;
  }
}

/** Of one of the server's own. */
function isVolatile({ schema, name }: Reference): boolean {
  return schema !== "pg_catalog" || unsafeFunctions.has(name);
}

/** The way from one function to all that it may run, up to the first that may change something. */
class Search {
  readonly reached = new Set<OwnFunction>();
  readonly #next: OwnFunction[] = [];
  readonly #types = new Set<number>();
  readonly #readings = new Set<number>();
  #found = false;

  constructor(
    readonly behind: Behind,
    readonly known: ReadonlyMap<number, boolean>,
  ) {}

  from(first: OwnFunction): boolean {
    this.#reach(first);
    for (let one = this.#next.pop(); one !== undefined && !this.#found; one = this.#next.pop())
      this.#look(one);
    return this.#found;
  }

  #reach(one: OwnFunction): void {
    if (this.reached.has(one)) return;
    this.reached.add(one);
    this.#next.push(one);
  }

  #look(one: OwnFunction): void {
    const known = this.known.get(one.oid);
    if (known !== undefined) this.#found = known;
    else if (one.marked || (!one.compiled && !one.legible)) this.#found = true;
    else this.#follow(one);
  }

  #follow(one: OwnFunction): void {
    this.#calls(one.parts);
    const body = one.compiled ? noBody : this.behind.body(one);
    if (body === null || body?.opaque) this.#found = true;
    if (!body || this.#found) return;
    this.#calls(body.parts);
    for (const oid of one.types) this.#type(this.behind.type(oid), body.makes);
    this.#names(body);
  }

  #calls(functions: readonly Reference[]): void {
    for (const one of functions) {
      const own = this.behind.own.function(one.oid);
      if (own) this.#reach(own);
      else if (isVolatile(one)) this.#found = true;
    }
  }

  /** All that a text may mean by what stands in it. */
  #names(body: Body): void {
    const { own } = this.behind;
    for (const word of body.words) for (const other of own.functionsCalled(word)) this.#reach(other);
    for (const name of own.oddNames.names) {
      if (body.text.includes(name)) for (const other of own.oddNames.get(name)) this.#reach(other);
    }
    for (const sign of own.operatorNames) {
      if (body.text.includes(sign)) this.#calls(own.operators(sign).map((operator) => operator.function));
    }
    for (const name of body.names) {
      for (const reading of this.behind.readingsCalled(name)) this.#reads(reading);
      const { types, casts } = this.behind.typesCalled(name);
      for (const type of types) this.#type(type, body.makes);
      this.#calls(casts.map((cast) => cast.function));
      for (const type of castNames(name))
        this.#calls(this.behind.typesCalled(type).casts.map((cast) => cast.function));
    }
  }

  /** `made`: values of a table's row may be made there. */
  #type(type: TypeFacts | undefined, made: boolean): void {
    if (type === undefined || (type.ofTable && !made) || this.#types.has(type.oid)) return;
    this.#types.add(type.oid);
    this.#calls(type.functions);
    this.#calls(type.casts);
    for (const part of type.parts) this.#type(this.behind.type(part), false);
    if (type.condition === undefined) return;
    if (type.condition.opaque) this.#found = true;
    else this.#names(type.condition);
  }

  #reads(reading: Reading | undefined): void {
    if (reading === undefined || this.#readings.has(reading.oid)) return;
    this.#readings.add(reading.oid);
    this.#calls(reading.functions);
    for (const oid of reading.types) this.#type(this.behind.type(oid), false);
    for (const oid of reading.relations) this.#reads(this.behind.reading(oid));
  }
}

/** Of a function in C. */
const noBody = new Body("", []);
