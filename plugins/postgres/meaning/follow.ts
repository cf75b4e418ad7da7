import type { AskAll } from "../catalogue/cache.ts";
import type { Question, Row } from "../control.ts";
import { changesQuery, type Kind, mostOf, thereQuery } from "./kinds.ts";
import type { Own } from "./own.ts";
import { searchPath } from "./path.ts";

/**
 * Keeps `Own` like the database, with as little as has changed. A row that is there now and was not at the last reading
 * has an xmin that is not older than every transaction that ran then. So all rows that there are now are known once those
 * are; and where more are known than there are, some were deleted.
 */
export class Follower {
  /** The oldest transaction that ran at the last reading; empty: all is to be told. */
  #horizon = "";
  /** Another server counts its transactions in another way, and so does another database under the same name. */
  #server: string | undefined;
  /** The xmin of rows that are not older than the horizon, by `kind oid`: they need not be told again. */
  readonly #recent = new Map<string, string>();

  constructor(
    readonly own: Own,
    readonly login: boolean,
  ) {}

  question(): Question {
    const known = [...this.#recent].map(([row, xmin]) => `${row} ${xmin}`);
    return {
      text: changesQuery,
      parameters: [this.#horizon, JSON.stringify(known), this.login ? "login" : "database"],
    };
  }

  /** What was answered to `question`. Throws what `ask` throws, or where there are more things than are kept. */
  async told(rows: readonly Row[], ask: AskAll): Promise<void> {
    try {
      if (!this.#isAnother(rows) && (await this.#takeAll(rows, ask))) return;
      this.#forget();
      const [all = []] = await ask([this.question()]);
      if (!(await this.#takeAll(all, ask))) throw unfollowed;
    } catch (error) {
      // What is known in part cannot be followed.
      this.#forget();
      throw error;
    }
  }

  #isAnother(rows: readonly Row[]): boolean {
    return this.#server !== undefined && this.#server !== serverOf(rows);
  }

  /** Whether all that there is is known then. */
  async #takeAll(rows: readonly Row[], ask: AskAll): Promise<boolean> {
    const counts = this.#take(rows);
    const known = (kind: Kind) => this.own.rows[kind].size;
    if (counts.some(([kind, count]) => !(known(kind) >= count))) return false;
    const fewer = counts.filter(([kind, count]) => known(kind) > count).map(([kind]) => kind);
    if (fewer.length === 0) return true;
    const [there = []] = await ask([{ text: thereQuery, parameters: [JSON.stringify(fewer)] }]);
    for (const kind of fewer) this.#keepOnly(kind, there);
    this.own.changed();
    return true;
  }

  /** How many there are of each kind. */
  #take(rows: readonly Row[]): [Kind, number][] {
    this.#server = serverOf(rows);
    this.#horizon = String(BigInt(rows.find(([what]) => what === "server")?.[2] ?? 0) % 2n ** 32n);
    const counts = new Map<string, number>();
    for (const [what, kind, count] of rows) if (what === "count") counts.set(kind ?? "", Number(count));
    const followed = [...counts] as [Kind, number][];
    if (followed.length !== Object.keys(this.own.rows).length) throw unfollowed;
    for (const [kind, count] of followed) if (count > mostOf(kind)) throw tooMany(kind);
    const changed = rows.filter(([kind]) => counts.has(kind ?? ""));
    for (const [kind, oid, xmin, facts] of changed) {
      this.own.rows[kind as Kind].set(Number(oid), xmin ?? "", JSON.parse(facts ?? "[]"));
      this.#recent.set(`${kind} ${oid}`, xmin ?? "");
    }
    for (const [row, xmin] of this.#recent) if (isOlder(xmin, this.#horizon)) this.#recent.delete(row);
    this.own.path = searchPath(rows, this.login);
    if (changed.length > 0) this.own.changed();
    return followed;
  }

  #keepOnly(kind: Kind, rows: readonly Row[]): void {
    const there = new Set(rows.flatMap(([what, oid]) => (what === kind ? [Number(oid)] : [])));
    const known = this.own.rows[kind];
    for (const oid of [...known.keys()].filter((each) => !there.has(each))) this.#drop(kind, oid);
  }

  #drop(kind: Kind, oid: number): void {
    this.own.rows[kind].delete(oid);
    this.#recent.delete(`${kind} ${oid}`);
  }

  #forget(): void {
    for (const kind of Object.keys(this.own.rows) as Kind[]) {
      for (const oid of [...this.own.rows[kind].keys()]) this.#drop(kind, oid);
    }
    this.own.changed();
    this.#horizon = "";
    this.#server = undefined;
  }
}

const unfollowed = new Error("The catalogue was not answered as it was asked.");

function serverOf(rows: readonly Row[]): string {
  return rows.find(([what]) => what === "server")?.[1] ?? "";
}

function tooMany(kind: Kind): Error {
  return new Error(`The database has more than ${mostOf(kind)} things of its own of the kind ${kind}.`);
}

/** Transactions are counted modulo 2^32; those below 3 are older than any. */
function isOlder(xmin: string, horizon: string): boolean {
  return Number(xmin) < 3 || ((Number(xmin) - Number(horizon)) | 0) < 0;
}
