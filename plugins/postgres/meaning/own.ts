import { folded, isWord } from "./body.ts";
import { Index } from "./by-name.ts";
import type { Kind } from "./kinds.ts";
import type { SearchPath } from "./path.ts";
import type { FunctionFacts, Named, Reference } from "./things.ts";

type Three = [oid: number, schema: string, name: string];

/** A function that somebody made, as its row in pg_proc says, under the names that its schema and language have now. */
export class OwnFunction implements FunctionFacts {
  readonly name: string;
  readonly ofRow: boolean;
  readonly shadowed: boolean;
  readonly least: number;
  readonly most: number;
  /** Marked as volatile. */
  readonly marked: boolean;
  /** Of an aggregate: what it is made of. */
  readonly parts: readonly Reference[];
  /** Oids of types that somebody made, of its arguments and its result. */
  readonly types: readonly number[];
  readonly #schema: number;
  readonly #language: number;

  constructor(
    readonly own: Own,
    readonly oid: number,
    /** Tells one definition of it from another. */
    readonly xmin: string,
    facts: readonly unknown[],
  ) {
    const [schema, name, marked, language, given, defaults, variadic, ofRow, shadowed, parts, types] =
      facts as FunctionRow;
    this.#schema = schema;
    this.name = name;
    this.marked = marked;
    this.#language = language;
    this.least = given - defaults - (variadic ? 1 : 0);
    this.most = variadic ? Number.POSITIVE_INFINITY : given;
    this.ofRow = ofRow === true;
    this.shadowed = shadowed;
    this.parts = (parts ?? []).map(referenceOf);
    this.types = [...new Set(types ?? [])];
  }

  get schema(): string {
    return this.own.schemas.get(this.#schema) ?? "";
  }
  get compiled(): boolean {
    const name = this.own.languages.get(this.#language);
    return name === "c" || name === "internal";
  }
  /** Its body names what it runs, or says `execute`. In other languages a text can be put together and run in many ways. */
  get legible(): boolean {
    const name = this.own.languages.get(this.#language);
    return name === "sql" || name === "plpgsql";
  }
  get supplied(): boolean {
    return this.compiled || this.own.members.has(this.oid);
  }
}

type FunctionRow = [
  schema: number,
  name: string,
  marked: boolean,
  language: number,
  given: number,
  defaults: number,
  variadic: boolean,
  ofRow: boolean | null,
  shadowed: boolean,
  parts: Three[] | null,
  types: number[] | null,
];

/** The rows of one kind, by oid. */
export interface Rows {
  readonly size: number;
  keys(): Iterable<number>;
  set(oid: number, xmin: string, facts: readonly unknown[]): void;
  delete(oid: number): void;
}

/** All that somebody made in one database and that is followed as a whole. */
export class Own {
  readonly schemas = new Map<number, string>();
  readonly languages = new Map<number, string>();
  readonly members = new Map<number, true>();
  readonly #functions = new Map<number, OwnFunction>();
  readonly #operators = new Map<number, Operator>();
  readonly #casts = new Map<number, Cast>();
  /** By oid, and how many have a name. */
  readonly #types = new Map<number, string>();
  readonly #typesByName = new Index<string>();
  /** The server's own types that something is cast to. */
  readonly #castTo = new Index<Cast>();
  readonly #support = new Map<number, Reference>();
  readonly #sorting = new Map<number, number>();
  readonly #functionsByName = new Index<OwnFunction>();
  /** By names in lower case, as they stand in a body that was put into lower case. */
  readonly #functionsByWord = new Index<OwnFunction>();
  readonly #operatorsByName = new Index<Operator>();
  /** Names that are no words, so that they may stand anywhere in a body. */
  readonly oddNames = new Index<OwnFunction>();
  path: SearchPath = { path: [], certain: false };
  #unwritten:
    | { readonly anywhere: readonly Reference[]; readonly assigned: readonly Reference[] }
    | undefined;

  readonly rows: Readonly<Record<Kind, Rows>> = {
    schema: this.#rows(this.schemas, ([name]) => name as string),
    language: this.#rows(this.languages, ([name]) => name as string),
    function: this.#rows(
      this.#functions,
      (facts, oid, xmin) => new OwnFunction(this, oid, xmin, facts),
      (one) => [this.#functionsByName.add(one.name, one), this.#worded(one).add(wordOf(one.name), one)],
      (one) => [this.#functionsByName.remove(one.name, one), this.#worded(one).remove(wordOf(one.name), one)],
    ),
    member: this.#rows(this.members, () => true as const),
    operator: this.#rows(
      this.#operators,
      ([schema, name, runs, ...others]) =>
        new Operator(this, schema as number, name as string, referenceOf(runs as Three), others as number[]),
      (one) => [this.#operatorsByName.add(one.name, one)],
      (one) => [this.#operatorsByName.remove(one.name, one)],
    ),
    type: this.#rows(
      this.#types,
      ([name]) => name as string,
      (name) => this.#typesByName.add(name, name),
      (name) => this.#typesByName.drop(name),
    ),
    cast: this.#rows(
      this.#casts,
      ([context, runs, to]) => ({
        context: context as string,
        function: referenceOf(runs as Three),
        to: (to ?? "") as string,
      }),
      (cast) => this.#castTo.add(cast.to, cast),
      (cast) => this.#castTo.remove(cast.to, cast),
    ),
    support: this.#rows(this.#support, ([runs]) => referenceOf(runs as Three)),
    sorting: this.#rows(this.#sorting, ([operator]) => operator as number),
  };

  function(oid: number): OwnFunction | undefined {
    return this.#functions.get(oid);
  }
  functions(name: string): readonly OwnFunction[] {
    return this.#functionsByName.get(name);
  }
  /** Those whose name is this word, whatever its case. */
  functionsCalled(word: string): readonly OwnFunction[] {
    return this.#functionsByWord.get(word);
  }
  /** Each besides as what the planner may run in its place. */
  operators(name: string): readonly Named[] {
    return this.#operatorsByName
      .get(name)
      .flatMap((one) => this.#inPlaceOf(one).map((run) => ({ schema: one.schema, name, function: run })));
  }
  get operatorNames(): Iterable<string> {
    return this.#operatorsByName.names;
  }

  hasType(oid: number): boolean {
    return this.#types.has(oid);
  }
  /** Whether a type, or a relation that may be a view, has that name. */
  hasName(name: string): boolean {
    return this.#typesByName.has(name);
  }
  /** Whether there are casts of somebody's own to a type of that name. */
  castsTo(name: string): boolean {
    return this.#castTo.has(name) || this.#typesByName.has(name);
  }

  /** What may run wherever values are converted, compared or sorted. */
  get anywhere(): readonly Reference[] {
    return this.#implied.anywhere;
  }
  /** What may run wherever a value is stored. */
  get assigned(): readonly Reference[] {
    return this.#implied.assigned;
  }

  /** To call when rows have been set or deleted. */
  changed(): void {
    this.#unwritten = undefined;
  }

  get #implied() {
    if (this.#unwritten !== undefined) return this.#unwritten;
    const casts = [...this.#casts.values()];
    const through = (context: string) =>
      casts.filter((cast) => cast.context === context).map((cast) => cast.function);
    const sorting = [...this.#sorting.values()].flatMap((oid) => this.#operators.get(oid)?.function ?? []);
    const once = new Map(
      [...through("i"), ...this.#support.values(), ...sorting].map((one) => [one.oid, one]),
    );
    this.#unwritten = { anywhere: [...once.values()], assigned: through("a") };
    return this.#unwritten;
  }

  /** A commutator where sides change, a negator behind NOT, and theirs; an operator says so before the other is there. */
  #inPlaceOf(one: Operator): readonly Reference[] {
    const found = new Set([one]);
    for (const each of found) {
      for (const oid of each.others) {
        const other = this.#operators.get(oid);
        if (other !== undefined) found.add(other);
      }
    }
    return [...found].map((each) => each.function);
  }

  #worded({ name }: OwnFunction): Index<OwnFunction> {
    return isWord(name) ? this.#functionsByWord : this.oddNames;
  }

  #rows<Value>(
    all: Map<number, Value>,
    read: (facts: readonly unknown[], oid: number, xmin: string) => Value,
    added: (value: Value) => unknown = () => {},
    removed: (value: Value) => unknown = () => {},
  ): Rows {
    const drop = (oid: number) => {
      const before = all.get(oid);
      if (before !== undefined) removed(before);
      all.delete(oid);
    };
    return {
      get size() {
        return all.size;
      },
      keys: () => all.keys(),
      delete: drop,
      set: (oid, xmin, facts) => {
        drop(oid);
        const value = read(facts, oid, xmin);
        all.set(oid, value);
        added(value);
      },
    };
  }
}

interface Cast {
  readonly context: string;
  readonly function: Reference;
  /** The name of one of the server's own types, or none. */
  readonly to: string;
}

class Operator implements Named {
  readonly own: Own;
  readonly name: string;
  readonly function: Reference;
  /** Oids of its commutator and its negator. */
  readonly others: readonly number[];
  readonly #schema: number;

  constructor(own: Own, schema: number, name: string, runs: Reference, others: readonly number[]) {
    this.own = own;
    this.#schema = schema;
    this.name = name;
    this.function = runs;
    this.others = others;
  }

  get schema(): string {
    return this.own.schemas.get(this.#schema) ?? "";
  }
}

/** As it stands in a body in lower case. */
function wordOf(name: string): string {
  const lower = folded(name);
  return isWord(name) ? lower : lower.replaceAll('"', '""');
}

function referenceOf([oid, schema, name]: Three): Reference {
  return { oid, schema, name };
}
