import { PosternError } from "../error.ts";
import { bump, LogWords } from "./control.ts";

interface Waiter {
  readonly seq: number;
  resolve(): void;
  reject(error: PosternError): void;
}

/** Of one who works alone there are an outcome and the next operation between two flushes, and now and then a checkpoint. */
const framesOfOne = 3;

/** Up to which frame one log is durable, who waits for more, and whether the recorder keeps up. */
export class Watermark {
  readonly #at: LogWords;
  readonly #words: Int32Array;
  #waiters: Waiter[] = [];
  #written = 0;
  #flushed = 0;
  /** Up to which frame the recorder has been told not to wait. */
  #asked = 0;
  /** performance.now() of the last progress, or of the first frame after all had been flushed. */
  #since = 0;
  /** Without progress for longer than the limit. Ends with the next progress. */
  late = false;
  /** The last flush served more than one at work. */
  crowded = false;

  constructor(
    words: Int32Array,
    log: number,
    private readonly limitMs: number,
    /** Milliseconds that those who waited did so; once a flush. */
    private readonly onFlush?: (ms: number) => void,
    /** There is something to flush again, or something that was flushed at once. */
    private readonly onBehind?: () => void,
  ) {
    this.#words = words;
    this.#at = new LogWords(log);
  }

  get waiting(): boolean {
    return this.#waiters.length > 0;
  }

  /** Not all that was written is flushed yet, as far as is known. */
  get behind(): boolean {
    return this.#written !== this.#flushed;
  }

  get flushed(): number {
    return this.#flushed;
  }

  /** Frame `seq` has been committed. */
  appended(seq: number, now: number): void {
    // Asked before the refresh: the recorder may have flushed this very frame already.
    const began = !this.behind && seq !== this.#written;
    this.refresh(now);
    if (!this.behind) this.#since = now;
    this.#written = seq;
    if (began) this.onBehind?.();
  }

  /** Takes over what the recorder has flushed; lets go who waited for it. */
  refresh(now: number): void {
    const gained = (Atomics.load(this.#words, this.#at.flushed) - this.#flushed) | 0;
    if (gained === 0) return;
    const took = now - this.#since;
    this.crowded = gained > framesOfOne;
    this.#flushed += gained;
    this.#since = now;
    this.late = false;
    if (this.#waiters.length === 0) return;
    this.onFlush?.(took);
    const waiters = this.#waiters;
    this.#waiters = waiters.filter((waiter) => waiter.seq > this.#flushed);
    for (const waiter of waiters) if (waiter.seq <= this.#flushed) waiter.resolve();
  }

  /** Finds out whether the recorder is late, and says so to all who wait. */
  judge(now: number): void {
    this.refresh(now);
    if (this.#written === this.#flushed || now - this.#since <= this.limitMs) return;
    this.late = true;
    if (this.waiting) this.reject(lateError(this.limitMs));
  }

  /** All that was committed is flushed as soon as the recorder can, whether or not somebody waits already. */
  ask(): void {
    if (this.#asked === this.#written) return;
    this.#asked = this.#written;
    Atomics.store(this.#words, this.#at.asked, this.#written | 0);
    bump(this.#words, this.#at.wake);
  }

  /** undefined: durable already. */
  durable(seq: number, now: number): Promise<void> | undefined {
    this.refresh(now);
    if (seq <= this.#flushed) return undefined;
    if (this.late) return Promise.reject(lateError(this.limitMs));
    return new Promise((resolve, reject) => {
      this.#waiters.push({ seq, resolve, reject });
      if (seq > this.#asked) this.ask();
    });
  }

  /** Ends every wait with this error. */
  reject(error: PosternError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }
}

export function lateError(limitMs: number): PosternError {
  return new PosternError("trail.late", `The audit trail was not flushed to disk within ${limitMs} ms.`, {
    hint: "Look at the disk that holds the data folder; the gateway goes on when it keeps up again.",
  });
}
