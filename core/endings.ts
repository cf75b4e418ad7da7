import { type Ending, endedKey, endingKeys, isSpent, refuses, supersedes } from "./ending.ts";
import type { Identity } from "./identity.ts";

/** How often those that can refuse nothing any more are looked for. */
const forgetMs = 3_600_000;

/** The ends of access that this process has been told of, by what they are about: a login looks up a few keys. */
export class Endings {
  readonly #known = new Map<string, readonly Ending[]>();
  #forgotAt = 0;

  /** False: it was known before. */
  add(ending: Ending, now = Date.now()): boolean {
    if (now - this.#forgotAt >= forgetMs) this.#forget(now);
    const key = endedKey(ending.of);
    const known = this.#known.get(key) ?? [];
    if (known.some(({ id }) => id === ending.id)) return false;
    this.#known.set(key, [...known.filter((older) => !supersedes(ending, older)), ending]);
    return true;
  }

  /** With those that it superseded, which this process may have heard of and not of it. */
  lift(ending: Ending): void {
    const key = endedKey(ending.of);
    const left = (this.#known.get(key) ?? []).filter(
      (known) => known.id !== ending.id && !supersedes(ending, known),
    );
    if (left.length > 0) this.#known.set(key, left);
    else this.#known.delete(key);
  }

  /** Why this caller's proof is not accepted; undefined: nothing is against it. */
  against(identity: Identity): Ending | undefined {
    for (const key of endingKeys(identity)) {
      const ending = this.#known.get(key)?.find((known) => refuses(known, identity));
      if (ending) return ending;
    }
    return undefined;
  }

  /** What is known of exactly this. */
  of(of: Ending["of"]): readonly Ending[] {
    return this.#known.get(endedKey(of)) ?? [];
  }

  all(): Ending[] {
    return [...this.#known.values()].flat();
  }

  #forget(now: number): void {
    this.#forgotAt = now;
    for (const [key, known] of this.#known) {
      const left = known.filter((ending) => !isSpent(ending, now));
      if (left.length > 0) this.#known.set(key, left);
      else this.#known.delete(key);
    }
  }
}
