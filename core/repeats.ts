/** What repeats is let through so often in a span, and then counted. */
const most = 20;
const spanMs = 10_000;
/** Different things that are told apart in one span; what comes on top counts as one. */
const keys = 1_000;

/**
 * Keeps one peer from filling a log: of each key the first few in a span pass, and at its end `tell` says how
 * many more there were.
 */
export class Repeats {
  #seen = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly tell: (key: string, more: number) => void) {}

  /** False: it is counted instead. */
  passes(key: string): boolean {
    const known = this.#seen.has(key) || this.#seen.size < keys ? key : "others";
    const times = (this.#seen.get(known) ?? 0) + 1;
    this.#seen.set(known, times);
    this.#timer ??= setTimeout(() => this.flush(), spanMs).unref();
    return times <= most;
  }

  /** Ends the span now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const seen = this.#seen;
    this.#seen = new Map();
    for (const [key, times] of seen) if (times > most) this.tell(key, times - most);
  }
}
