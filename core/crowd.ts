import { fullGC } from "bun:jsc";

/** Sessions by which their number has changed before it is worth a collection, and the same as a share of it. */
const least = 128;
const share = 16;
/** Milliseconds in which more may leave. */
const calm = 1_000;

/**
 * Collects what logins leave behind, by how many more sessions are open than the last time: whoever logs in and out costs
 * nothing. The engine by itself waits for tens of megabytes of it, and what stays of each session then lies scattered among
 * the holes: an idle session of 5 KB takes 15. When many have left, what they had is collected once.
 */
export class Crowd {
  #counted = 0;
  #leaving: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly open: () => number,
    readonly collect: () => void = fullGC,
  ) {}

  /** One more is open, or one less. */
  changed(): void {
    const more = this.open() - this.#counted;
    const step = Math.max(least, this.#counted / share);
    if (more >= step) {
      this.#counted += more;
      // Not within a login.
      setImmediate(this.collect);
    } else if (-more >= step) {
      this.#leaving ??= setTimeout(() => this.#left(), calm).unref();
    }
  }

  stop(): void {
    clearTimeout(this.#leaving);
  }

  #left(): void {
    this.#leaving = undefined;
    this.#counted = this.open();
    this.collect();
  }
}
