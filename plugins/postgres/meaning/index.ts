import type { Action } from "../../../core/plugin.ts";
import type { AskAll } from "../catalogue/cache.ts";
import type { SqlStatement } from "../sql/classify.ts";
import type { MeaningCache } from "./cache.ts";

/** What a session asks about the meaning of statements on its resource. */
export interface Meanings {
  /**
   * The statement as this resource would run it, with what its catalogue adds: the same object where that is nothing.
   * A promise while the catalogue is asked; it never rejects. Where it cannot be asked the statement is `unknown` on
   * `catalogue` besides. `temporary`: the session may have made temporary relations. `redefined`: its transaction has
   * defined something, which the catalogue does not show to others.
   */
  of(statement: SqlStatement, temporary: boolean, redefined: boolean): SqlStatement | Promise<SqlStatement>;
  /** The same for a function that is called by its number. undefined as action: nobody can say what it is. */
  call(oid: number): Action | undefined | Promise<Action | undefined>;
}

/** `asking`: how its catalogue is asked, called for the first time that a session needs it. */
export function meaningsOf(cache: MeaningCache, asking: () => AskAll): Meanings {
  return new SessionMeanings(cache, asking);
}

class SessionMeanings implements Meanings {
  #ask: AskAll | undefined;

  constructor(
    readonly cache: MeaningCache,
    readonly asking: () => AskAll,
  ) {}

  of(statement: SqlStatement, temporary: boolean, redefined: boolean): SqlStatement | Promise<SqlStatement> {
    this.#ask ??= this.asking();
    return this.cache.meaning(statement, { ask: this.#ask, temporary, redefined });
  }

  call(oid: number): Action | undefined | Promise<Action | undefined> {
    this.#ask ??= this.asking();
    return this.cache.call(oid, { ask: this.#ask });
  }
}
