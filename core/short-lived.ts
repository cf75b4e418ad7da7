interface Kept<T> {
  readonly value: T;
  /** Epoch milliseconds. */
  readonly until: number;
  readonly whose: string;
}

/** What is kept for a moment only: so many at most, the oldest go first, and nothing is found after its time. */
export class ShortLived<T> {
  readonly #kept = new Map<string, Kept<T>>();
  readonly #keysOf = new Map<string, Set<string>>();

  constructor(
    /** Milliseconds. */
    readonly life: number,
    readonly most: number,
    /** Of one that they belong to. */
    readonly mostOfOne: number = most,
  ) {}

  put(key: string, value: T, whose = ""): void {
    const now = Date.now();
    for (const [old, { until }] of this.#kept) {
      if (until > now && this.#kept.size < this.most) break;
      this.#drop(old);
    }
    for (const old of this.#keysOf.get(whose) ?? []) {
      if ((this.#keysOf.get(whose)?.size ?? 0) < this.mostOfOne) break;
      this.#drop(old);
    }
    this.#kept.set(key, { value, until: now + this.life, whose });
    this.#keysOf.set(whose, (this.#keysOf.get(whose) ?? new Set()).add(key));
  }

  get(key: string): T | undefined {
    const kept = this.#kept.get(key);
    return kept && kept.until > Date.now() ? kept.value : undefined;
  }

  /** Once: it is gone then. */
  take(key: string): T | undefined {
    const value = this.get(key);
    this.#drop(key);
    return value;
  }

  #drop(key: string): void {
    const { whose } = this.#kept.get(key) ?? {};
    this.#kept.delete(key);
    if (whose === undefined) return;
    const keys = this.#keysOf.get(whose);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(whose);
  }
}
