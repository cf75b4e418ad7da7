import type { Body } from "./body.ts";
import type { Facts } from "./gathered.ts";
import type { Kept } from "./kept.ts";
import type { Own, OwnFunction } from "./own.ts";
import type { Reading } from "./readings.ts";
import type { RelationFacts } from "./relations.ts";
import { isSince, type Moment, type Shelf } from "./shelf.ts";
import type { Reference } from "./things.ts";
import type { TypeFacts, TypesCalled } from "./types.ts";
import { Volatility } from "./volatility.ts";

/** Milliseconds. A name that nothing on the resource has counts as such for so long, and so does a lock on what is asked about. */
export const retryAfter = 1_000;

/**
 * What must be asked before a statement can be told: keys of relations, names and oids of types, of what is run by who
 * reads a relation, oids of functions.
 */
export class Missing {
  readonly relations = new Set<string>();
  readonly names = new Set<string>();
  readonly types = new Set<number>();
  readonly readingNames = new Set<string>();
  readonly readings = new Set<number>();
  readonly bodies = new Set<number>();

  get size(): number {
    return kinds.reduce((size, kind) => size + this[kind].size, 0);
  }

  /** Each of it alone. */
  *parts(): Iterable<Missing> {
    for (const what of kinds) {
      for (const each of this[what]) {
        const part = new Missing();
        (part[what] as Set<string | number>).add(each);
        yield part;
      }
    }
  }
}

const kinds = ["relations", "names", "types", "readingNames", "readings", "bodies"] as const;

/**
 * What is known of a resource, for one look at one statement. What was asked before `since` is missing, but shown all the
 * same: it leads to what else will be missing, so that all of it is asked at once.
 */
export class View implements Facts {
  readonly missing = new Missing();
  /** When the oldest of what was shown was asked, in milliseconds. */
  oldest: number;
  readonly #now: number;
  readonly #volatility = new Volatility(this);

  constructor(
    readonly kept: Kept,
    readonly since: Moment,
    now: number,
    /** Who looks has redefined things that the catalogue shows as they were: any function may change something. */
    readonly redefined = false,
  ) {
    this.oldest = kept.asked.at;
    this.#now = now;
  }

  get own(): Own {
    return this.kept.own;
  }

  /** Nothing is missing. */
  get whole(): boolean {
    return this.missing.size === 0 && isSince(this.kept.asked, this.since);
  }

  relations(key: string): readonly RelationFacts[] | undefined {
    const shown = this.#shown(this.kept.relations, key, this.missing.relations);
    if (shown?.facts.length === 0 && this.#isOld(this.kept.relations.get(key)?.moment.at))
      this.missing.relations.add(key);
    return shown?.facts;
  }

  typesCalled(name: string): TypesCalled {
    if (!this.own.castsTo(name)) return none;
    return this.#shown(this.kept.names, name, this.missing.names)?.called ?? none;
  }

  type(oid: number): TypeFacts | undefined {
    if (!this.own.hasType(oid)) return undefined;
    return this.#shown(this.kept.types, oid, this.missing.types)?.facts;
  }

  volatile(one: Reference): boolean {
    return (this.redefined && this.own.function(one.oid)?.compiled === false) || this.#volatility.of(one);
  }

  readingsCalled(name: string): readonly Reading[] {
    if (!this.own.hasName(name)) return [];
    return this.#shown(this.kept.readingNames, name, this.missing.readingNames)?.facts ?? [];
  }

  reading(oid: number): Reading | undefined {
    return this.#shown(this.kept.readings, oid, this.missing.readings)?.facts[0];
  }

  body(one: OwnFunction): Body | null | undefined {
    const known = this.kept.bodies.get(one.oid);
    const moment = known?.moment;
    const fresh = moment !== undefined && isSince(moment, this.since);
    const settled = known?.settled === true && known.xmin === one.xmin;
    if (known === undefined || !(fresh || settled) || (known.locked && this.#isOld(moment?.at))) {
      this.missing.bodies.add(one.oid);
      return undefined;
    }
    if (!settled) this.oldest = Math.min(this.oldest, known.moment.at);
    return known.body;
  }

  #shown<Key, Value>(shelf: Shelf<Key, Value>, key: Key, missing: Set<Key>): Value | undefined {
    const known = shelf.get(key);
    if (known === undefined || !isSince(known.moment, this.since)) missing.add(key);
    if (known !== undefined) this.oldest = Math.min(this.oldest, known.moment.at);
    return known?.value;
  }

  #isOld(at = Number.NEGATIVE_INFINITY): boolean {
    return this.#now - at > retryAfter;
  }
}

const none: TypesCalled = { types: [], casts: [] };
