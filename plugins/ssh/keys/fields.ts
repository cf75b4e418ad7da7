/** What ended where it must not, or has no form that it may have. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

/** Reads SSH's data types (RFC 4251, 5) one after the other. Each method throws Malformed past the end. */
export class Fields {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  get at(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at === this.bytes.length;
  }

  uint32(): number {
    return this.#take(4).readUInt32BE();
  }

  uint64(): bigint {
    return this.#take(8).readBigUInt64BE();
  }

  /** A `string` or an `mpint`, as a view. */
  bytesField(): Buffer {
    return this.#take(this.uint32());
  }

  /** A `string` that must be UTF-8 without control characters. */
  text(): string {
    const bytes = this.bytesField();
    const text = bytes.toString("utf8");
    if (!Buffer.from(text).equals(bytes) || /\p{Cc}/u.test(text)) throw new Malformed("a text is none");
    return text;
  }

  end(): void {
    if (!this.done) throw new Malformed("something follows the end");
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.bytes.length) throw new Malformed("it ends too early");
    const view = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }
}
