import type { Action } from "../../../core/plugin.ts";
import { unsafeFunctions } from "../sql/builtins.ts";
import type { Mentions } from "../sql/mentions.ts";

/** What a definition in the catalogue does and names, read as a statement is. */
export interface Definition {
  readonly actions: readonly Action[];
  readonly mentions: Mentions;
}

/** The trait of an action on a function that may change something. */
export const volatile = "volatile";

export interface FunctionFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** Whether it may change something, whatever it is marked as. */
  volatile: boolean;
  /** Not written by who uses the database: in C, or an extension's. */
  readonly supplied: boolean;
  /** How few and how many arguments it takes. */
  readonly least: number;
  readonly most: number;
  /** Its first argument may be a row. */
  readonly ofRow: boolean;
  /** The server has one of its own with this name and these arguments. */
  readonly shadowed: boolean;
}

/** A function that something in the catalogue calls, which may be the server's own. */
export interface Reference {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

export interface TypeFacts {
  readonly schema: string;
  readonly name: string;
  /** What reads and writes its values. */
  readonly functions: readonly Reference[];
  /** Of a domain. */
  readonly checks: readonly string[];
  /** Types that it is made of. */
  readonly parts: readonly number[];
  /** What makes a value of it, or of what it is made of, out of another type's. */
  readonly casts: readonly Reference[];
  /** It is that of a table's or view's rows. */
  readonly ofTable: boolean;
  /** Of a domain: what a column of it gets where nothing is said. */
  readonly byDefault?: string;
}

/** A function under the name that a text calls: an operator, a cast's target. */
export interface Named {
  readonly schema: string;
  readonly name: string;
  readonly function: Reference;
}

export interface SearchPath {
  readonly path: readonly string[];
  /** Those are all there, and the session may use them; else a name may be in any of them. */
  readonly certain: boolean;
}

/** All that somebody made on a resource and that a statement runs by name or without naming it. */
export class Things {
  readonly #functions = new Map<string, FunctionFacts[]>();
  readonly #byOid = new Map<number, FunctionFacts>();
  readonly #operators: ReadonlyMap<string, readonly Named[]>;
  readonly #casts: ReadonlyMap<string, readonly Named[]>;
  readonly #types = new Map<string, number[]>();
  /** Volatile functions that may run wherever values are converted, compared or sorted. */
  readonly anywhere: readonly Reference[];
  /** The same, wherever a value is stored. */
  readonly assigned: readonly Reference[];

  constructor(
    functions: readonly FunctionFacts[],
    operators: readonly Named[],
    casts: readonly Named[],
    readonly types: ReadonlyMap<number, TypeFacts>,
    /** Behind casts that nobody writes, and behind what compares and sorts. */
    unwritten: { readonly anywhere: readonly Reference[]; readonly assigned: readonly Reference[] },
    /** Where names without a schema are looked up, in order, by a session that changed nothing. */
    readonly path: SearchPath,
  ) {
    for (const one of functions) {
      this.#byOid.set(one.oid, one);
      add(this.#functions, one.name, one);
    }
    this.#operators = byName(operators);
    this.#casts = byName(casts);
    for (const [oid, { name }] of types) add(this.#types, name, oid);
    this.anywhere = unwritten.anywhere.filter((one) => this.volatile(one));
    this.assigned = unwritten.assigned.filter((one) => this.volatile(one));
  }

  function(oid: number): FunctionFacts | undefined {
    return this.#byOid.get(oid);
  }
  functions(name: string): readonly FunctionFacts[] {
    return this.#functions.get(name) ?? [];
  }
  operators(name: string): readonly Named[] {
    return this.#operators.get(name) ?? [];
  }
  castsTo(type: string): readonly Named[] {
    return this.#casts.get(type) ?? [];
  }
  /** Oids. */
  typesCalled(name: string): readonly number[] {
    return this.#types.get(name) ?? [];
  }

  volatile({ oid, schema, name }: Reference): boolean {
    return this.#byOid.get(oid)?.volatile ?? (schema !== "pg_catalog" || unsafeFunctions.has(name));
  }
}

function byName(all: readonly Named[]): ReadonlyMap<string, readonly Named[]> {
  const found = new Map<string, Named[]>();
  for (const one of all) add(found, one.name, one);
  return found;
}

function add<Value>(all: Map<string, Value[]>, name: string, value: Value): void {
  const some = all.get(name);
  if (some) some.push(value);
  else all.set(name, [value]);
}
