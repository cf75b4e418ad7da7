import { PosternError } from "./error.ts";
import { sourceOf } from "./source.ts";

/**
 * Connections that have not shown who they are, those included that were refused and do not know it yet. No source
 * has more of the places than are still free: one alone gets half of them, two a third each, and whoever
 * else comes finds one.
 */
export class Strangers {
  readonly #bySource = new Map<string, number>();
  #all = 0;

  /** Takes one of `limit` places; what it returns gives it back. Throws PosternError `limit.unauthenticated`. */
  enter(remote: string, limit: number): () => void {
    const leave = this.place(remote, limit);
    if (leave) return leave;
    const whose = this.#all >= limit ? "" : " from this address";
    throw new PosternError(
      "limit.unauthenticated",
      `Too many connections${whose} have not shown who they are, or failed to.`,
      { hint: "Try again in a moment; the operator sets `limits.unauthenticated`." },
    );
  }

  /** The same; undefined: there is none. */
  place(remote: string, limit: number): (() => void) | undefined {
    const source = sourceOf(remote);
    const own = this.#bySource.get(source) ?? 0;
    if (own >= limit - this.#all) return undefined;
    this.#bySource.set(source, own + 1);
    this.#all++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#all--;
      const rest = (this.#bySource.get(source) ?? 0) - 1;
      if (rest > 0) this.#bySource.set(source, rest);
      else this.#bySource.delete(source);
    };
  }
}
