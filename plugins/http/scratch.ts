/** Bytes that are put together and handed on within one call, by whoever comes first: their memory is used again. */
export class Scratch {
  #bytes: Buffer;
  #view: Buffer;

  constructor(bytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes);
    this.#view = this.#bytes;
  }

  /** All of it. What stood in it may be gone where it had to grow. */
  room(bytes: number): Buffer {
    if (bytes > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(bytes * 2);
    return this.#bytes;
  }

  /** What stands in it up to there. One message is often as long as the one before. */
  upTo(end: number): Buffer {
    const { buffer } = this.#bytes;
    if (this.#view.length !== end || this.#view.buffer !== buffer) this.#view = this.#bytes.subarray(0, end);
    return this.#view;
  }
}
