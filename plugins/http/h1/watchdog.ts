/** One limit of time after another on one connection, cheap to set for each request: the timer is left to run. */
export class Watchdog {
  #due = 0;
  #rings = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly expired: () => void) {}

  /** In `ms` milliseconds, whatever was set before. */
  start(ms: number): void {
    this.#due = performance.now() + ms;
    if (this.#timer === undefined || this.#due < this.#rings) this.#set(ms);
  }

  stop(): void {
    this.#due = 0;
  }

  /** For good. */
  end(): void {
    this.#due = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #set(ms: number): void {
    clearTimeout(this.#timer);
    this.#rings = performance.now() + ms;
    this.#timer = setTimeout(this.#ring, ms);
  }

  readonly #ring = (): void => {
    this.#timer = undefined;
    if (this.#due === 0) return;
    // A timer of whole milliseconds may ring a fraction of one early.
    const left = this.#due - performance.now();
    if (left > 1) return this.#set(left);
    this.#due = 0;
    this.expired();
  };
}
