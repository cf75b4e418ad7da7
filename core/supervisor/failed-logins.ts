import type { Metrics } from "../metrics.ts";
import { sourceOf } from "../source.ts";

/** Failures of one source that cost nothing. */
const free = 5;
/** Milliseconds that the next one waits for its answer; each further one twice as long as the one before. */
const first = 250;
/** No failure counts beyond this many, so that a source is itself again minutes after its last one. */
const most = free + 9;
/** Milliseconds in which half of a source's failures are forgotten. */
const halfLife = 60_000;
/** Sources that are remembered; the one that failed longest ago is forgotten first. */
const kept = 10_000;

interface Failures {
  readonly count: number;
  /** Epoch milliseconds of the last one. */
  readonly at: number;
}

/**
 * How long a failed login waits for its answer, by what its source has failed at before: in all workers, over
 * HTTP and on the control socket. A good login neither waits nor makes anything forgotten: who has one good
 * credential gets no free guesses at others, and who shares the address with somebody who fails still comes in.
 */
export class FailedLogins {
  readonly #sources = new Map<string, Failures>();

  constructor(
    readonly metrics: Pick<Metrics, "loginsFailed">,
    readonly now: () => number = Date.now,
  ) {}

  /** One more failure from there. Returns the milliseconds to wait. */
  failed(remote: string): number {
    const source = sourceOf(remote);
    const at = this.now();
    const count = Math.min(most, this.#left(source, at) + 1);
    // To the end of the order: it failed last.
    this.#sources.delete(source);
    this.#sources.set(source, { count, at });
    if (this.#sources.size > kept) this.#forgetOldest();
    const wait = count <= free ? 0 : first * 2 ** (Math.ceil(count - free) - 1);
    this.metrics.loginsFailed.inc({ slowed: wait > 0 ? "yes" : "no" });
    return wait;
  }

  #left(source: string, now: number): number {
    const before = this.#sources.get(source);
    return before ? before.count * 0.5 ** ((now - before.at) / halfLife) : 0;
  }

  #forgetOldest(): void {
    for (const oldest of this.#sources.keys()) {
      this.#sources.delete(oldest);
      return;
    }
  }
}
