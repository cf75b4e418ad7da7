import { withheld } from "./withheld.ts";

/** Bytes that wait for what follows them, up to a bound. */
export class Held {
  #buffer: Buffer = Buffer.allocUnsafe(0);
  #length = 0;
  readonly #most: number;

  /** `most`: bytes. */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }

  /** A view of all that waits, until the next call. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Copies the view. Throws PosternError `answer.withheld` where it would be too much. */
  add(view: Uint8Array): void {
    const length = this.#length + view.length;
    if (length > this.#most) throw withheld(`a part of it is longer than ${this.#most} bytes (limits.frame)`);
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#most, Math.max(4096, length * 2)));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#buffer.set(view, this.#length);
    this.#length = length;
  }

  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > 65_536) this.#buffer = Buffer.allocUnsafe(0);
  }
}
