/** Who may wait only for so long. */
export interface Late {
  late(): void;
}

/**
 * Waits of one length, which therefore end in the order in which they began: one timer for all of them, left to run where
 * they end before their time.
 */
export class Deadlines {
  /** When each ends, by the clock of `performance.now`; the earliest first. */
  readonly #due = new Map<Late, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `ms`: milliseconds. */
  constructor(readonly ms: number) {}

  /** Anew, where it waits already. */
  begin(who: Late): void {
    this.#due.delete(who);
    this.#due.set(who, performance.now() + this.ms);
    if (this.#timer === undefined) this.#set(this.ms);
  }

  end(who: Late): void {
    this.#due.delete(who);
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#due.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #set(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#ring, ms);
    this.#timer.unref();
  }

  readonly #ring = (): void => {
    this.#timer = undefined;
    for (const [who, due] of this.#due) {
      const left = due - performance.now();
      // A timer of whole milliseconds may ring a fraction of one early.
      if (left > 1) return this.#set(left);
      this.#due.delete(who);
      who.late();
    }
  };
}
