import { type Ending, refuses } from "./ending.ts";
import type { Identity } from "./identity.ts";

/** The ends of access that this process has been told of. */
export class Endings {
  readonly #known = new Map<string, Ending>();

  add(ending: Ending): void {
    this.#known.set(ending.id, ending);
  }

  lift(id: string): void {
    this.#known.delete(id);
  }

  /** Why this caller's proof is not accepted; undefined: nothing is against it. */
  against(identity: Identity): Ending | undefined {
    for (const ending of this.#known.values()) if (refuses(ending, identity)) return ending;
    return undefined;
  }
}
