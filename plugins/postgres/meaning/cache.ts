import type { Action } from "../../../core/plugin.ts";
import type { Ask } from "../catalogue/cache.ts";
import { isLocked, type Row } from "../control.ts";
import type { SqlStatement } from "../sql/classify.ts";
import { calledByNumber, calling, functionQuery } from "./call.ts";
import type { Facts } from "./gathered.ts";
import { ThingsLoader } from "./load.ts";
import { searchPath } from "./path.ts";
import { loadRelations, meantBy, type RelationFacts, relationFacts } from "./relations.ts";
import { Resolution } from "./resolve.ts";
import type { Things } from "./things.ts";
import { meant, sameActions, untoldOf } from "./with-actions.ts";

/** Milliseconds. What was changed in other ways than through the gateway is seen by then. */
const ttl = 60_000;
/** After so long it is read again in the background, where it is used. */
const halfLife = 30_000;
/** After a function has run that may have defined something, what is known counts so much longer at most. */
const suspectTtl = 1_000;
/** Nor is a name that nothing has looked up again sooner. */
const retryAfter = 1_000;
/** A connection that failed is tried again at once, one that goes on failing after twice as long each time, up to a second. */
const firstBackOff = 10;
/** Relations that are kept, and how many are asked for at once. */
const mostRelations = 5_000;
const atOnce = 250;
/** A view of views of views: more rounds of questions than this for one statement and it cannot be told. */
const mostRounds = 70;

/** Functions called by number that are remembered. */
const mostCalls = 1_000;

/** What a session says of itself when it asks. */
export interface Asking {
  readonly ask: Ask;
  /** The session logs in as the catalogue's own connection does. */
  readonly login: boolean;
  /** It may have temporary relations of its own. */
  readonly temporary: boolean;
}

interface Entry {
  readonly version: number;
  readonly until: number;
  readonly means: SqlStatement;
}

interface Known {
  readonly print: string;
  readonly facts: readonly RelationFacts[];
  readonly loadedAt: number;
}

/** What statements mean on one resource, for all its sessions. */
export class MeaningCache implements Facts {
  #things: Things | undefined;
  readonly #loader = new ThingsLoader();
  readonly #relations = new Map<string, Known>();
  /** Relations that were asked about since the last reading; the others are not read again. */
  #used = new Set<string>();
  /** By what a session may have of its own. */
  readonly #entries = [new WeakMap<SqlStatement, Entry>(), new WeakMap<SqlStatement, Entry>()] as const;
  readonly #calls = new Map<number, { readonly version: number; readonly does: Action | undefined }>();
  /** Relations that could not be written out, for somebody has locked what is under them. */
  readonly #locked = new Map<string, { readonly until: number; readonly error: unknown }>();
  readonly #untold = new WeakMap<SqlStatement, SqlStatement>();
  /** Counts what has changed. */
  #version = 0;
  #loadedAt = Number.NEGATIVE_INFINITY;
  #freshUntil = Number.NEGATIVE_INFINITY;
  #failedUntil = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #reading: { readonly startedAt: number; readonly done: Promise<void> } | undefined;
  /** Counts questions and what makes answers old, so that one can tell which came first. */
  #clock = 0;
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  get things(): Things {
    if (this.#things === undefined) throw new Error("The catalogue has not been read.");
    return this.#things;
  }

  /** The facts of a relation by its key; undefined: not known. */
  relations(key: string): readonly RelationFacts[] | undefined {
    const known = this.#relations.get(key);
    if (known === undefined) return undefined;
    if (known.facts.length === 0 && this.#now() - known.loadedAt > retryAfter) return undefined;
    this.#used.add(key);
    return known.facts;
  }

  /**
   * The statement as this resource would run it: the same object where the catalogue adds nothing, and the same
   * other one while nothing changes. A promise while the catalogue is asked; it never rejects. Where it cannot be
   * asked the statement is `unknown` on `catalogue` besides.
   */
  meaning(statement: SqlStatement, asking: Asking): SqlStatement | Promise<SqlStatement> {
    const { mentions, parameterTypes } = statement.detail;
    if (!mentions.any && parameterTypes === undefined) return statement;
    const now = this.#now();
    const entries = this.#entries[asking.temporary ? 1 : 0];
    if (now < this.#freshUntil) {
      const entry = entries.get(statement);
      if (entry !== undefined && entry.version === this.#version && now < entry.until) return entry.means;
      if (now - this.#loadedAt > halfLife) void this.#read(asking).catch(() => {});
      const means = this.#resolved(statement, asking);
      if (means !== undefined) return means;
    }
    if (now < this.#failedUntil) return this.#unknown(statement);
    return this.#asked(statement, asking).catch((error: unknown) => {
      if (isLocked(error)) return this.#unknown(statement);
      const backOff = this.#failures === 0 ? 0 : Math.min(firstBackOff * 2 ** this.#failures, retryAfter);
      this.#failures += 1;
      this.#failedUntil = this.#now() + backOff;
      return this.#unknown(statement);
    });
  }

  /** What a call of this function does (fast path); undefined where nobody can say. Never rejects. */
  call(oid: number, asking: Asking): Action | undefined | Promise<Action | undefined> {
    const known = this.#calls.get(oid);
    if (known !== undefined && known.version === this.#version && this.#now() < this.#freshUntil)
      return known.does;
    return this.#called(oid, asking).catch(() => undefined);
  }

  async #called(oid: number, asking: Asking): Promise<Action | undefined> {
    if (this.#now() >= this.#freshUntil) await this.#read(asking);
    const own = this.things.function(oid);
    const does = own ? calling(own) : calledByNumber(await asking.ask(functionQuery, [String(oid)]));
    if (this.#calls.size >= mostCalls) this.#calls.clear();
    this.#calls.set(oid, { version: this.#version, does });
    return does;
  }

  /** Something was defined: nothing that is known, or being read, counts any more. */
  invalidate(): void {
    this.#clock += 1;
    this.#freshUntil = Number.NEGATIVE_INFINITY;
  }

  /** A function ran that may have defined something. */
  suspect(): void {
    if (this.#now() - this.#loadedAt >= suspectTtl) this.invalidate();
    else this.#freshUntil = Math.min(this.#freshUntil, this.#loadedAt + suspectTtl);
  }

  async #asked(statement: SqlStatement, asking: Asking): Promise<SqlStatement> {
    if (this.#now() >= this.#freshUntil) await this.#read(asking);
    for (let round = 0; round < mostRounds; round += 1) {
      const resolution = this.#resolve(statement, asking);
      if (resolution.missing.size === 0) return this.#keep(statement, asking, resolution);
      await this.#load([...resolution.missing], asking.ask);
    }
    return this.#unknown(statement);
  }

  #resolved(statement: SqlStatement, asking: Asking): SqlStatement | undefined {
    const resolution = this.#resolve(statement, asking);
    return resolution.missing.size === 0 ? this.#keep(statement, asking, resolution) : undefined;
  }

  #resolve(statement: SqlStatement, { temporary }: Asking): Resolution {
    const resolution = new Resolution(this, temporary);
    const { mentions, parameterTypes = [] } = statement.detail;
    resolution.statement(mentions, statement.actions, parameterTypes);
    return resolution;
  }

  #keep(statement: SqlStatement, { temporary }: Asking, resolution: Resolution): SqlStatement {
    const entries = this.#entries[temporary ? 1 : 0];
    const fresh = meant(statement, resolution);
    const before = entries.get(statement)?.means;
    const means = before !== undefined && sameActions(before, fresh) ? before : fresh;
    const until = resolution.absent ? this.#now() + retryAfter : Number.POSITIVE_INFINITY;
    entries.set(statement, { version: this.#version, until, means });
    return means;
  }

  #unknown(statement: SqlStatement): SqlStatement {
    const known = this.#untold.get(statement);
    if (known !== undefined) return known;
    const means = untoldOf(statement);
    this.#untold.set(statement, means);
    return means;
  }

  /** All that is known, anew; one at a time for all sessions, and not begun before this was asked for. */
  #read(asking: Asking): Promise<void> {
    const before = this.#reading;
    if (before !== undefined && before.startedAt === this.#clock) return before.done;
    const own = (before?.done ?? Promise.resolve()).catch(() => {}).then(() => this.#readAll(asking));
    const done = own.finally(() => {
      if (this.#reading?.done === done) this.#reading = undefined;
    });
    this.#reading = { startedAt: this.#clock, done };
    return done;
  }

  async #readAll({ ask, login }: Asking): Promise<void> {
    const clock = this.#clock;
    const loadedAt = this.#now();
    const things = await this.#loader.load(ask, await searchPath(ask, login));
    const keys = [...this.#relations.keys()].filter((key) => this.#used.has(key));
    // Where somebody has locked one of them, each is asked for again by who names it: the others' are not kept from anybody.
    const relations = await this.#rows(keys, ask).catch((error: unknown) => {
      if (!isLocked(error)) throw error;
      return new Map<string, Row[]>();
    });
    const unchanged =
      things === this.#things &&
      keys.every((key) => this.#relations.get(key)?.print === printOf(relations.get(key) ?? []));
    const kept = new Map(this.#relations);
    this.#relations.clear();
    for (const [key, rows] of relations) this.#set(key, rows, loadedAt, kept.get(key));
    this.#used = new Set();
    this.#things = things;
    if (!unchanged) this.#version += 1;
    this.#loadedAt = loadedAt;
    this.#failures = 0;
    if (clock === this.#clock) this.#freshUntil = loadedAt + ttl;
  }

  /** Throws what `ask` throws, of a relation that somebody has locked at once for a while. */
  async #load(keys: readonly string[], ask: Ask): Promise<void> {
    const loadedAt = this.#now();
    for (const key of keys) {
      const locked = this.#locked.get(key);
      if (locked !== undefined && loadedAt < locked.until) throw locked.error;
    }
    if (this.#relations.size + keys.length > mostRelations) {
      this.#relations.clear();
      this.#version += 1;
    }
    try {
      for (const [key, rows] of await this.#rows(keys, ask)) this.#set(key, rows, loadedAt);
    } catch (error) {
      const [key = "", ...others] = keys;
      if (!isLocked(error)) throw error;
      if (others.length > 0) for (const each of keys) await this.#load([each], ask);
      else {
        if (this.#locked.size >= mostRelations) this.#locked.clear();
        this.#locked.set(key, { until: this.#now() + retryAfter, error });
        throw error;
      }
    }
  }

  async #rows(keys: readonly string[], ask: Ask): Promise<Map<string, Row[]>> {
    const found = new Map<string, Row[]>(keys.map((key) => [key, []]));
    for (let at = 0; at < keys.length; at += atOnce) {
      const some = keys.slice(at, at + atOnce);
      const rows = await loadRelations(some, ask);
      for (const key of some) {
        found.set(
          key,
          rows.filter(([schema, name]) => meantBy(key, { schema: schema ?? "", name: name ?? "" })),
        );
      }
    }
    return found;
  }

  #set(key: string, rows: readonly Row[], loadedAt: number, before?: Known): void {
    const print = printOf(rows);
    const facts = before?.print === print ? before.facts : rows.map(relationFacts);
    this.#relations.set(key, { print, facts, loadedAt });
    this.#used.add(key);
  }
}

function printOf(rows: readonly Row[]): string {
  return JSON.stringify(rows);
}
