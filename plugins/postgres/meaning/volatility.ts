import { unsafeFunctions } from "../sql/builtins.ts";
import type { FunctionFacts, Named, Reference, TypeFacts } from "./things.ts";

/** A function as it is marked, with what it may run. */
export interface Marked extends FunctionFacts {
  /** Of an aggregate: what it is made of. */
  readonly parts: readonly Reference[];
  /** In lower case: its body, where what it is marked as must be looked into, and the types of its arguments and result. */
  readonly body?: string;
}

/** What runs functions where a body names it: a view, a table with row security, a type, a cast's target. */
export interface Running {
  /** All that it may be called. */
  readonly names: readonly string[];
  /** It runs them only where a value of it is made: a table's row. */
  readonly made?: true;
  readonly parts: readonly Reference[];
  /** In lower case: what else it names. */
  readonly body: string;
  volatile?: true;
}

/**
 * Marks as volatile what may run a volatile function, whatever it is marked itself: nobody makes a body keep to what
 * is said of it. `operators`: with the oid of the function behind each. Until nothing changes, since each one found
 * may stand in the body of others.
 */
export function spread(
  functions: readonly Marked[],
  operators: readonly { name: string; oid: number }[],
  others: readonly Running[],
): void {
  const byOid = new Map(functions.map((one) => [one.oid, one]));
  const bodies = new Map<Marked | Running, Body>(others.map((one) => [one, new Body(one.body)]));
  const found: (Marked | Running)[] = [];
  for (const one of functions) {
    if (one.volatile) found.push(one);
    else bodies.set(one, new Body(one.body));
  }
  const runs = ({ oid, schema, name }: Reference) =>
    byOid.get(oid)?.volatile ?? (schema !== "pg_catalog" || unsafeFunctions.has(name));
  let fresh = new Sought(found);
  for (let first = true; first || !fresh.empty; first = false) {
    fresh.signs = operators.filter(({ oid }) => byOid.get(oid)?.volatile).map(({ name }) => name);
    const next: (Marked | Running)[] = [];
    for (const [one, body] of bodies) {
      if (!(first && body.opaque) && !one.parts.some(runs) && !body.has(fresh)) continue;
      one.volatile = true;
      bodies.delete(one);
      next.push(one);
    }
    fresh = new Sought(next);
  }
}

/** Types by the names that bodies give them: a domain's check, what reads and writes a value, what makes one of another. */
export function runningTypes(types: ReadonlyMap<number, TypeFacts>, casts: readonly Named[]): Running[] {
  const running: Running[] = casts.map(({ name, function: behind }) => ({
    ...{ names: spellings[name] ?? [name], parts: [behind], body: "" },
  }));
  for (const { name, functions, casts: into, checks, parts, ofTable } of types.values()) {
    const within = parts.flatMap((oid) => types.get(oid)?.name ?? []);
    running.push({
      ...{ names: [name, `_${name}`], parts: [...functions, ...into] },
      ...(ofTable ? { made: true } : {}),
      body: `${checks.join(" ").toLowerCase()} ${namesAsBody(within)}`,
    });
  }
  return running;
}

/** Those of the things that a body may name which is not volatile yet. */
export function namedIn<Thing>(
  functions: readonly Marked[],
  things: readonly Thing[],
  nameOf: (thing: Thing) => string,
): Thing[] {
  if (things.length === 0) return [];
  const words = new Set(
    functions.flatMap(({ volatile, body = "" }) => (volatile ? [] : (body.match(word) ?? []))),
  );
  return things.filter((thing) => {
    const name = nameOf(thing).toLowerCase();
    return words.has(name) || !whole.test(name);
  });
}

/** What stands for a text that names these. */
export function namesAsBody(names: readonly string[]): string {
  return names.join(" ").replaceAll('"', '""').toLowerCase();
}

/** The server's own types are also called so. */
const spellings: Readonly<Record<string, readonly string[]>> = {
  bool: ["bool", "boolean"],
  bpchar: ["bpchar", "char", "character"],
  float4: ["float4", "real", "float"],
  float8: ["float8", "double", "float"],
  int2: ["int2", "smallint"],
  int4: ["int4", "int", "integer"],
  int8: ["int8", "bigint"],
  numeric: ["numeric", "decimal", "dec"],
  timestamptz: ["timestamptz", "timestamp"],
  timetz: ["timetz", "time"],
  varbit: ["varbit", "bit"],
  varchar: ["varchar", "character", "char"],
};

const word = /[\p{L}\p{N}_$]+/gu;
const whole = /^[\p{L}\p{N}_$]+$/u;

/** Names that are looked for in bodies. */
class Sought {
  readonly words = new Set<string>();
  /** Names that are no words, so that they may stand anywhere. */
  readonly others: string[] = [];
  /** Words that count only in a body that makes values of what they name. */
  readonly made = new Set<string>();
  /** Operators. */
  signs: readonly string[] = [];

  constructor(found: readonly (Marked | Running)[]) {
    for (const one of found) {
      const names = "names" in one ? one.names : [one.name];
      const words = "made" in one ? this.made : this.words;
      for (const name of names.map((each) => each.toLowerCase())) {
        if (whole.test(name)) words.add(name);
        else this.others.push(name.replaceAll('"', '""'));
      }
    }
  }

  get empty(): boolean {
    return this.words.size + this.others.length + this.made.size === 0;
  }
}

/** Without any of these no value of a row's type is made of others: a literal, a variable, a cast. */
const making = /['%]|::|\b(?:cast|declare|row|record)\b/;

/** Methods of TABLESAMPLE, which nobody can call, under names that stand in many bodies. */
const samplers: ReadonlySet<string> = new Set(["system", "bernoulli"]);

class Body {
  readonly #words: readonly string[];
  /** It runs a text that it puts together, a function of the server's own that does more than compute, or hides a name. */
  readonly opaque: boolean;

  constructor(readonly text = "") {
    this.#words = [...new Set(text.match(word) ?? [])];
    const unsafe = (name: string) => name === "execute" || (unsafeFunctions.has(name) && !samplers.has(name));
    this.opaque = text.includes('u&"') || this.#words.some(unsafe);
  }

  has({ words, others, made, signs }: Sought): boolean {
    const within = (part: string) => this.text.includes(part);
    return (
      this.#words.some((each) => words.has(each)) ||
      others.some(within) ||
      signs.some(within) ||
      (made.size > 0 && making.test(this.text) && this.#words.some((each) => made.has(each)))
    );
  }
}
