/** Something that shows who the gateway is, for a while. */
export interface Made {
  readonly value: string;
  /** Epoch milliseconds. */
  readonly made: number;
  readonly expires: number;
}

/** Milliseconds before its end at which another one is made, at most; of a short life it is a fifth. */
const early = 60_000;
/** Milliseconds before its end from which on it is not shown any more, at most; of a short life it is a twentieth. */
const late = 5_000;
/** Milliseconds after a failure in which nobody tries again. */
const rest = 1_000;

/**
 * One credential for all who show it: made when it is first asked for, one request however many wait, and made anew
 * before it ends, while the old one is still shown. Where that fails, nobody gets one that has ended.
 */
export class Renewed {
  #last: Made | undefined;
  #making: Promise<Made> | undefined;
  #failed: { readonly error: unknown; readonly at: number } | undefined;

  constructor(
    readonly make: () => Promise<Made>,
    readonly now: () => number = Date.now,
  ) {}

  /** Rejects as `make` does. */
  async current(): Promise<string> {
    const now = this.now();
    const last = this.#last;
    if (last) {
      const life = last.expires - last.made;
      if (now < last.expires - Math.min(early, life / 5)) return last.value;
      if (now < last.expires - Math.min(late, life / 20)) {
        // Whoever asks when it has ended hears what went wrong.
        this.#next(now).catch(() => {});
        return last.value;
      }
    }
    return (await this.#next(now)).value;
  }

  async #next(now: number): Promise<Made> {
    if (this.#failed && now < this.#failed.at + rest) throw this.#failed.error;
    this.#making ??= this.#made();
    return await this.#making;
  }

  async #made(): Promise<Made> {
    try {
      this.#last = await this.make();
      this.#failed = undefined;
      return this.#last;
    } catch (error) {
      this.#failed = { error, at: this.now() };
      throw error;
    } finally {
      this.#making = undefined;
    }
  }
}
