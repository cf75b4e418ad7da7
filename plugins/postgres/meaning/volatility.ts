import { unsafeFunctions } from "../sql/builtins.ts";
import type { FunctionFacts, Reference } from "./things.ts";

/** A function as it is marked, with what it may run. */
export interface Marked extends FunctionFacts {
  /** Of an aggregate: what it is made of. */
  readonly parts: readonly Reference[];
  /** Its body in lower case, where what it is marked as must be looked into. */
  readonly body?: string;
}

/**
 * Marks as volatile what may run a volatile function, whatever it is marked itself: nobody makes a body keep to what
 * is said of it. `operators`: with the oid of the function behind each. Until nothing changes, since each one found
 * may stand in the body of others.
 */
export function spread(
  functions: readonly Marked[],
  operators: readonly { name: string; oid: number }[],
): void {
  const byOid = new Map(functions.map((one) => [one.oid, one]));
  const bodies = new Map<Marked, Body>();
  const found: string[] = [];
  for (const one of functions) {
    if (one.volatile) found.push(one.name);
    else bodies.set(one, new Body(one.body));
  }
  const runs = ({ oid, schema, name }: Reference) =>
    byOid.get(oid)?.volatile ?? (schema !== "pg_catalog" || unsafeFunctions.has(name));
  let fresh = new Sought(found);
  for (let first = true; first || !fresh.empty; first = false) {
    fresh.signs = operators.filter(({ oid }) => byOid.get(oid)?.volatile).map(({ name }) => name);
    const next: string[] = [];
    for (const [one, body] of bodies) {
      if (!(first && body.opaque) && !one.parts.some(runs) && !body.has(fresh)) continue;
      one.volatile = true;
      bodies.delete(one);
      next.push(one.name);
    }
    fresh = new Sought(next);
  }
}

/** Names that are looked for in bodies. */
class Sought {
  readonly words = new Set<string>();
  /** Names that are no words, so that they may stand anywhere. */
  readonly others: string[] = [];
  /** Operators. */
  signs: readonly string[] = [];

  constructor(names: readonly string[]) {
    for (const name of new Set(names.map((each) => each.toLowerCase()))) {
      if (/^[\p{L}\p{N}_$]+$/u.test(name)) this.words.add(name);
      else this.others.push(name.replaceAll('"', '""'));
    }
  }

  get empty(): boolean {
    return this.words.size + this.others.length === 0;
  }
}

/** Methods of TABLESAMPLE, which nobody can call, under names that stand in many bodies. */
const samplers: ReadonlySet<string> = new Set(["system", "bernoulli"]);

class Body {
  readonly #words: readonly string[];
  /** It runs a text that it puts together, a function of the server's own that does more than compute, or hides a name. */
  readonly opaque: boolean;

  constructor(readonly text = "") {
    this.#words = [...new Set(text.match(/[\p{L}\p{N}_$]+/gu) ?? [])];
    const unsafe = (word: string) => word === "execute" || (unsafeFunctions.has(word) && !samplers.has(word));
    this.opaque = text.includes('u&"') || this.#words.some(unsafe);
  }

  has({ words, others, signs }: Sought): boolean {
    const within = (part: string) => this.text.includes(part);
    return this.#words.some((word) => words.has(word)) || others.some(within) || signs.some(within);
  }
}
