/** What is kept for a moment only: so many at most, the oldest go first, and nothing is found after its time. */
export class ShortLived<T> {
  readonly #kept = new Map<string, { readonly value: T; readonly until: number }>();

  constructor(
    /** Milliseconds. */
    readonly life: number,
    readonly most: number,
  ) {}

  put(key: string, value: T): void {
    const now = Date.now();
    for (const [old, { until }] of this.#kept) {
      if (until > now && this.#kept.size < this.most) break;
      this.#kept.delete(old);
    }
    this.#kept.set(key, { value, until: now + this.life });
  }

  get(key: string): T | undefined {
    const kept = this.#kept.get(key);
    return kept && kept.until > Date.now() ? kept.value : undefined;
  }

  /** Once: it is gone then. */
  take(key: string): T | undefined {
    const value = this.get(key);
    this.#kept.delete(key);
    return value;
  }
}
