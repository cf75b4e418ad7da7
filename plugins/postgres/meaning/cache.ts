import type { Action } from "../../../core/plugin.ts";
import type { AskAll } from "../catalogue/cache.ts";
import { isLocked } from "../control.ts";
import type { Shape, SqlStatement } from "../sql/classify.ts";
import { calledByNumber, calling, functionQuery } from "./call.ts";
import { Kept } from "./kept.ts";
import { Resolution } from "./resolve.ts";
import { isSince, type Moment } from "./shelf.ts";
import { type Missing, retryAfter, View } from "./view.ts";
import { meant, sameActions, untoldOf } from "./with-actions.ts";

/** Milliseconds. What was changed in other ways than through the gateway is seen by then. */
const ttl = 60_000;
/** After so long what is used is asked for again in the background. */
const halfLife = 30_000;
/** After a function has run that may have defined something, what is known counts so much longer at most. */
const suspectTtl = 1_000;
/** A connection that failed is tried again at once, one that goes on failing after twice as long each time, up to a second. */
const firstBackOff = 10;
/** A view of views of views: more rounds of questions than this for one statement and it cannot be told. */
const mostRounds = 70;
/** Functions called by number that are remembered. */
const mostCalls = 1_000;

/** What a session says of itself when it asks. */
export interface Asking {
  readonly ask: AskAll;
  /** It may have temporary relations of its own. */
  readonly temporary?: boolean;
  /** Its open transaction may have made any function another one than the catalogue shows. */
  readonly redefined?: boolean;
}

interface Entry {
  readonly moment: Moment;
  readonly until: number;
  /** undefined: the catalogue adds nothing to any text of that shape. */
  readonly means: SqlStatement | undefined;
  /** It is being looked at again. */
  renewed: boolean;
}

/** What statements mean on one resource, for all its sessions. */
export class MeaningCache {
  readonly #kept: Kept;
  /** By what a session may have of its own; of a statement, or of the shape that texts share where nothing is added to them. */
  readonly #entries = Array.from({ length: 4 }, () => new WeakMap<SqlStatement | Shape, Entry>());
  readonly #calls = new Map<number, { readonly moment: Moment; readonly does: Action | undefined }>();
  readonly #untold = new WeakMap<SqlStatement, SqlStatement>();
  /** Counts what makes answers old, so that one can tell which came first. */
  #clock = 0;
  #suspectedAt = Number.NEGATIVE_INFINITY;
  #failedUntil = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #reading: { readonly clock: number; readonly done: Promise<void> } | undefined;
  readonly #now: () => number;

  /** `login`: sessions log in as the catalogue's own connection does, and not as roles of their own. */
  constructor(login: boolean, now: () => number = Date.now) {
    this.#now = now;
    this.#kept = new Kept(login, now);
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
    const since = this.#since(now);
    const entry = this.#entryOf(statement, asking);
    if (entry !== undefined && now < entry.until && isSince(entry.moment, since)) {
      if (now - entry.moment.at > halfLife && !entry.renewed) this.#renew(entry, statement, asking);
      return entry.means ?? statement;
    }
    if (isSince(this.#kept.asked, since)) {
      const view = new View(this.#kept, since, now, asking.redefined);
      const resolution = this.#resolve(statement, asking, view);
      if (view.whole) return this.#keep(statement, asking, resolution, view);
    }
    if (now < this.#failedUntil) return this.#unknown(statement);
    return this.#asked(statement, asking, since).catch((error: unknown) => {
      if (isLocked(error)) return this.#unknown(statement);
      const backOff = this.#failures === 0 ? 0 : Math.min(firstBackOff * 2 ** this.#failures, retryAfter);
      this.#failures += 1;
      this.#failedUntil = this.#now() + backOff;
      return this.#unknown(statement);
    });
  }

  /** What a call of this function does (fast path); undefined where nobody can say. Never rejects. */
  call(oid: number, asking: Asking): Action | undefined | Promise<Action | undefined> {
    const since = this.#since(this.#now());
    const known = this.#calls.get(oid);
    if (known !== undefined && isSince(known.moment, since)) return known.does;
    return this.#called(oid, asking, since).catch(() => undefined);
  }

  /** Something was defined: nothing that is known, or being asked, counts any more. */
  invalidate(): void {
    this.#clock += 1;
  }

  /** A function ran that may have defined something. */
  suspect(): void {
    this.#suspectedAt = this.#now();
  }

  /** What was asked earlier counts no more. */
  #since(now: number): Moment {
    // What was asked in the very millisecond may have been asked before.
    const unsuspected = Math.min(this.#suspectedAt + 1, now - suspectTtl);
    return { clock: this.#clock, at: Math.max(now - ttl, unsuspected) };
  }

  #renew(entry: Entry, statement: SqlStatement, asking: Asking): void {
    entry.renewed = true;
    const since = { clock: this.#clock, at: this.#now() - halfLife };
    void this.#asked(statement, asking, since).catch(() => {});
  }

  async #asked(statement: SqlStatement, asking: Asking, since: Moment): Promise<SqlStatement> {
    const told = await this.#told(asking, since, (view) => {
      const resolution = this.#resolve(statement, asking, view);
      return () => this.#keep(statement, asking, resolution, view);
    });
    return told?.() ?? this.#unknown(statement);
  }

  async #called(oid: number, { ask }: Asking, since: Moment): Promise<Action | undefined> {
    const own = await this.#told({ ask }, since, (view) => {
      const one = view.own.function(oid);
      return { does: one && calling(one, view.volatile(one)) };
    });
    if (own === undefined) return undefined;
    const [rows = []] = own.does ? [] : await ask([{ text: functionQuery, parameters: [String(oid)] }]);
    const does = own.does ?? calledByNumber(rows);
    if (this.#calls.size >= mostCalls) this.#calls.clear();
    this.#calls.set(oid, { moment: this.#kept.asked, does });
    return does;
  }

  /** What a look says once all that it needs has been asked; undefined: there is no end of it. */
  async #told<Value>(
    { ask, redefined }: Asking,
    since: Moment,
    look: (view: View) => Value,
  ): Promise<Value | undefined> {
    const now = this.#now();
    for (let round = 0; round < mostRounds; round += 1) {
      const view = new View(this.#kept, since, now, redefined);
      const value = look(view);
      if (view.whole) return value;
      await this.#ask(view.missing, since, ask);
    }
    return undefined;
  }

  /** Asks for what is missing, and for what has changed since unless that is on its way. */
  async #ask(missing: Missing, since: Moment, ask: AskAll): Promise<void> {
    const { clock } = since;
    if (isSince(this.#kept.asked, since)) {
      await this.#kept.load(missing, clock, ask);
      return;
    }
    const before = this.#reading;
    if (before !== undefined && before.clock >= clock) {
      await Promise.all([before.done, this.#kept.load(missing, clock, ask)]);
      return;
    }
    // One at a time: each says what has changed since the last.
    const done = (before?.done ?? Promise.resolve())
      .catch(() => {})
      .then(() => this.#kept.follow(missing, clock, ask))
      .finally(() => {
        if (this.#reading?.done === done) this.#reading = undefined;
      });
    this.#reading = { clock, done };
    await done;
    this.#failures = 0;
  }

  #entriesOf({ temporary = false, redefined = false }: Asking): WeakMap<SqlStatement | Shape, Entry> {
    return this.#entries[(temporary ? 1 : 0) + (redefined ? 2 : 0)] as WeakMap<SqlStatement | Shape, Entry>;
  }

  #entryOf(statement: SqlStatement, asking: Asking): Entry | undefined {
    const entries = this.#entriesOf(asking);
    return (isShape(statement) ? entries.get(statement.detail) : undefined) ?? entries.get(statement);
  }

  #resolve(statement: SqlStatement, { temporary = false }: Asking, view: View): Resolution {
    const resolution = new Resolution(view, temporary);
    const { mentions, parameterTypes = [] } = statement.detail;
    resolution.statement(mentions, statement.actions, parameterTypes);
    return resolution;
  }

  #keep(statement: SqlStatement, asking: Asking, resolution: Resolution, view: View): SqlStatement {
    const entries = this.#entriesOf(asking);
    const fresh = meant(statement, resolution);
    const before = entries.get(statement)?.means;
    const means = before !== undefined && sameActions(before, fresh) ? before : fresh;
    const until = resolution.absent ? this.#now() + retryAfter : Number.POSITIVE_INFINITY;
    const moment = { clock: view.since.clock, at: view.oldest };
    // What was found hangs on the shape alone: it is the same for the next text, with another number in it.
    if (means === statement && isShape(statement)) {
      entries.delete(statement);
      entries.set(statement.detail, { moment, until, means: undefined, renewed: false });
    } else {
      entries.delete(statement.detail);
      entries.set(statement, { moment, until, means, renewed: false });
    }
    return means;
  }

  #unknown(statement: SqlStatement): SqlStatement {
    const known = this.#untold.get(statement);
    if (known !== undefined) return known;
    const means = untoldOf(statement);
    this.#untold.set(statement, means);
    return means;
  }
}

/** Whether all of it that the catalogue is asked about is its shape's. */
function isShape({ actions, detail }: SqlStatement): boolean {
  return actions === detail.actions;
}
