const firstScratch = 16 * 1024;
/** A scratch buffer that one large run has grown is given back. */
const keptScratch = 1024 * 1024;
/** Up to here a loop is quicker than a call. */
const fewBytes = 16;

const none: Buffer = Buffer.alloc(0);

/**
 * Messages of one view with some of their bytes replaced: what stays, across messages too, is copied in runs into one
 * buffer that serves all views. `begin`, then for each message `starts`, `cut` and what takes its place, `ends`; at last
 * `finish`.
 */
export class Splice {
  /** Made when first needed: most sessions never replace anything. */
  #scratch: Buffer = none;
  #filled = 0;
  #view: Buffer = none;
  /** Up to here the view is copied or cut. */
  #kept = 0;
  #begun = 0;
  /** Where the message at hand begins in the view, and in the scratch buffer once something of it is cut, else -1. */
  #start = 0;
  #head = -1;

  /** The first message, header included, begins at `at`. */
  begin(view: Buffer, at: number): void {
    if (this.#scratch.length > keptScratch) this.#scratch = none;
    this.#filled = 0;
    this.#view = view;
    this.#kept = at;
    this.#begun = at;
    this.starts(at);
  }

  starts(at: number): void {
    this.#start = at;
    this.#head = -1;
  }

  /** What stands from `start` to `end` is replaced by what is put next. */
  cut(start: number, end: number): void {
    if (this.#head === -1) this.#head = this.#filled + this.#start - this.#kept;
    this.#copy(start);
    this.#kept = end;
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#room(length);
    const scratch = this.#scratch;
    const at = this.#filled;
    if (length > fewBytes) scratch.set(bytes, at);
    else for (let index = 0; index < length; index++) scratch[at + index] = bytes[index] as number;
    this.#filled = at + length;
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
    return this.#kept === this.#begun;
  }

  /** The message at hand ends at `end`: it says its new length. */
  ends(end: number): void {
    if (this.#head === -1) return;
    this.#scratch.writeInt32BE(this.#filled + end - this.#kept - this.#head - 1, this.#head + 1);
  }

  /** Nothing of the message at hand: the run ends where it begins. */
  undo(): void {
    if (this.#head === -1) return;
    this.#filled = this.#head;
    this.#kept = this.#start;
    this.#head = -1;
  }

  /** The messages up to `end`. Valid until the next `begin`. */
  finish(end: number): Buffer {
    this.#copy(end);
    this.#view = none;
    return this.#scratch.subarray(0, this.#filled);
  }

  #copy(end: number): void {
    const from = this.#kept;
    this.#room(end - from);
    this.#view.copy(this.#scratch, this.#filled, from, end);
    this.#filled += end - from;
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
