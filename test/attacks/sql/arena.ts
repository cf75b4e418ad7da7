import type { PostgresVersion } from "../../servers/postgres.ts";
import type { Attack } from "./attack.ts";
import { corpus } from "./corpus.ts";
import { type AttackDoor, groups, openAttackDoor } from "./door.ts";
import type { Mutant } from "./mutate.ts";
import { type Finding, faultsOf, playRound, refusalOf, sameRows, type Try } from "./round.ts";
import { type Judged, placed, Trial } from "./trial.ts";
import { Witness } from "./witness.ts";

/** How many mutants are played before the server is asked what it saw. */
const between = 2000;

/** A door, its witness, and sessions in which cases are played beside each other. */
export class Arena {
  readonly #door: AttackDoor;
  readonly #witness: Witness;
  readonly #tokens: ReadonlyMap<string, string>;
  readonly #trials: readonly Trial[];
  /** What the unmutated cases answered. */
  readonly #originals = new Map<Attack, Judged>();
  readonly counts = { kept: 0, torn: 0, refused: 0, sameReason: 0 };

  private constructor(door: AttackDoor, witness: Witness, tokens: ReadonlyMap<string, string>) {
    this.#door = door;
    this.#witness = witness;
    this.#tokens = tokens;
    this.#trials = [1, 2, 3].map(() => new Trial(door, tokens));
  }

  static async open(version: PostgresVersion): Promise<Arena> {
    const door = await openAttackDoor(version);
    try {
      const tokens = new Map<string, string>();
      for (const group of groups) tokens.set(group, await door.token(group));
      return new Arena(door, await Witness.of(door), tokens);
    } catch (error) {
      await door.close();
      throw error;
    }
  }

  /** The cases that this version has. */
  cases(): Attack[] {
    return corpus.filter(({ only }) => only === undefined || only === this.#door.server.version);
  }

  /** Each case as it stands. `locked`: by an identity that has nothing but `read`, whose sessions are locked besides. */
  async corpus(locked = false): Promise<Finding[]> {
    const trials = locked ? [new Trial(this.#door, this.#tokens, true)] : this.#trials;
    const cases = this.cases().filter(({ under, gap }) => gap === undefined && (!locked || under === "read"));
    const findings = await playRound(
      cases.map((attack) => ({ attack })),
      trials,
      this.#witness,
      150,
    );
    for (const trial of trials) trial.close();
    return findings;
  }

  /** Those of the cases with a gap that have none any more. */
  async closed(): Promise<Attack[]> {
    const [trial] = this.#trials as [Trial];
    const closed: Attack[] = [];
    for (const attack of this.cases()) {
      if (attack.gap === undefined) continue;
      const came = await trial.run(placed(attack, this.#door));
      if (faultsOf(came, { attack }).length === 0) closed.push(attack);
    }
    trial.close();
    await this.#witness.restore();
    return closed;
  }

  /** Mutants, compared with what they were made of: what was found, a batch each. */
  async *mutants(mutants: Iterable<Mutant>): AsyncGenerator<Finding[]> {
    let batch: Mutant[] = [];
    for (const mutant of mutants) {
      batch.push(mutant);
      if (batch.length < between) continue;
      yield await this.#play(batch);
      batch = [];
    }
    if (batch.length > 0) yield await this.#play(batch);
  }

  async close(): Promise<void> {
    for (const trial of this.#trials) trial.close();
    await this.#witness.close();
    await this.#door.close();
  }

  /** The originals have a round of their own: the witness must not take what they did for a mutant's doing. */
  async #play(batch: readonly Mutant[]): Promise<Finding[]> {
    const originals = await this.#round(this.#originalsOf(batch));
    return [...originals, ...(await this.#round(batch.map((mutant) => this.#tryOf(mutant))))];
  }

  #round(tries: readonly Try[]): Promise<Finding[]> {
    return playRound(tries, this.#trials, this.#witness, between);
  }

  #originalsOf(batch: readonly Mutant[]): Try[] {
    const wanted = new Set(batch.flatMap(({ of, keeps }) => (keeps && !this.#originals.has(of) ? of : [])));
    return [...wanted].map((attack) => ({
      attack,
      also: (judged) => {
        this.#originals.set(attack, judged);
        return [];
      },
    }));
  }

  #tryOf({ attack, of, piece, keeps }: Mutant): Try {
    if (!keeps) {
      this.counts.torn += 1;
      return { attack, loose: true };
    }
    this.counts.kept += 1;
    const also = (judged: Judged): readonly string[] => {
      const original = this.#originals.get(of);
      if (original === undefined) return ["its original was not played"];
      if (judged.verdict === "refused") {
        this.counts.refused += 1;
        if (refusalOf(judged) === refusalOf(original)) this.counts.sameReason += 1;
        return [];
      }
      return sameRows(judged, original) || !comparesRows(of) ? [] : ["other rows than its original"];
    };
    return { attack, also, ...(piece === undefined ? {} : { piece }) };
  }
}

/** What EXPLAIN tells, and a key word's own text, is another each time. */
function comparesRows({ sql }: Attack): boolean {
  return sql.every(
    (step) =>
      typeof step !== "string" ||
      !/\bexplain\b|pg_prepared_statements|pg_cursors|pg_stat_activity|\bcopy\b/i.test(step),
  );
}
