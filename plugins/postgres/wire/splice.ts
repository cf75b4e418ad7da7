const firstScratch = 16 * 1024;
/** A scratch buffer that one large message has grown is given back. */
const keptScratch = 1024 * 1024;

const none: Buffer = Buffer.alloc(0);

/**
 * A message with some of its bytes replaced: what stays is copied in runs, into one buffer that serves
 * all messages. `begin`, then `cut` and what takes its place, then `finish`.
 */
export class Splice {
  /** Made when first needed: most sessions never replace anything. */
  #scratch: Buffer = none;
  #filled = 0;
  #view: Buffer = none;
  /** Up to here the view is copied or cut. */
  #kept = 0;
  #start = 0;

  /** The message, header included, begins at `at`. */
  begin(view: Buffer, at: number): void {
    if (this.#scratch.length > keptScratch) this.#scratch = none;
    this.#filled = 0;
    this.#view = view;
    this.#kept = at;
    this.#start = at;
  }

  /** What stands from `start` to `end` is replaced by what is put next. */
  cut(start: number, end: number): void {
    this.#copy(start);
    this.#kept = end;
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#scratch.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  byte(value: number): void {
    this.#room(1);
    this.#scratch[this.#filled] = value;
    this.#filled += 1;
  }

  int32(value: number): void {
    this.#room(4);
    this.#scratch.writeInt32BE(value, this.#filled);
    this.#filled += 4;
  }

  /** Nothing has been cut. */
  get untouched(): boolean {
    return this.#kept === this.#start;
  }

  /** The message up to `end` with its new length. Valid until the next `begin`. */
  finish(end: number): Buffer {
    this.#copy(end);
    this.#view = none;
    this.#scratch.writeInt32BE(this.#filled - 1, 1);
    return this.#scratch.subarray(0, this.#filled);
  }

  #copy(end: number): void {
    this.#room(end - this.#kept);
    this.#view.copy(this.#scratch, this.#filled, this.#kept, end);
    this.#filled += end - this.#kept;
    this.#kept = end;
  }

  #room(bytes: number): void {
    const needed = this.#filled + bytes;
    if (needed <= this.#scratch.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#scratch.length * 2, firstScratch));
    this.#scratch.copy(grown, 0, 0, this.#filled);
    this.#scratch = grown;
  }
}
