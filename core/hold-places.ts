import { PosternError } from "./error.ts";
import { type Identity, identityKey } from "./identity.ts";

/** Operations of one identity that wait in this process: who could have any number wait would hide all others among them. */
export const mostHolds = 100;

/** How many operations of each identity wait for a person. */
export class HoldPlaces {
  readonly #taken = new Map<string, number>();

  /** Until what it returns is called, once. Throws PosternError `limit.holds`. */
  take(identity: Identity): () => void {
    const whose = identityKey(identity);
    const count = (this.#taken.get(whose) ?? 0) + 1;
    if (count > mostHolds) {
      throw new PosternError("limit.holds", `${mostHolds} operations of yours wait for a person already.`, {
        hint: "Have them answered, or withdraw some, before you send others.",
      });
    }
    this.#taken.set(whose, count);
    return () => {
      const left = (this.#taken.get(whose) ?? 0) - 1;
      if (left > 0) this.#taken.set(whose, left);
      else this.#taken.delete(whose);
    };
  }
}
