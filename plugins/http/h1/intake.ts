import { malformed, tooLarge } from "./fault.ts";

/** What has arrived on a connection and was not taken yet. */
export class Intake {
  bytes: Buffer = nothing;
  /** Where what was not taken begins. */
  at = 0;
  /** Up to here there is no end of a head. */
  #searched = 0;

  get length(): number {
    return this.bytes.length - this.at;
  }

  /** The view becomes the intake's own. */
  append(view: Buffer): void {
    if (this.length === 0) this.bytes = view;
    else {
      this.#searched -= this.at;
      this.bytes = Buffer.concat([this.bytes.subarray(this.at), view]);
      this.at = 0;
      return;
    }
    this.at = 0;
    this.#searched = 0;
  }

  /** Everything that was not taken; nothing is left. */
  takeAll(): Buffer {
    const rest = this.bytes.subarray(this.at);
    this.empty();
    return rest;
  }

  /** Nothing is left of it. */
  empty(): void {
    this.bytes = nothing;
    this.at = 0;
  }

  /** Whether what was not taken begins with these bytes. */
  startsWith(bytes: Buffer): boolean {
    return this.holds(bytes, bytes.length, this.at);
  }

  /** Whether the first `length` of these bytes are there, from `from` on. */
  holds(bytes: Buffer, length: number, from: number): boolean {
    if (this.bytes.length - from < length) return false;
    return this.bytes.compare(bytes, 0, length, from, from + length) === 0;
  }

  /**
   * Where the head that begins here ends, behind its empty line; -1 where that has not arrived. Throws Fault for one
   * longer than `limit` bytes, and at once where a line ends by a line feed alone, since its empty line may never come.
   */
  headEnd(limit: number): number {
    const from = Math.max(this.at, this.#searched - 3);
    const found = this.bytes.indexOf(emptyLine, from);
    const end = found < 0 ? this.bytes.length : found + emptyLine.length;
    if (end - this.at > limit) throw tooLarge(`The header is longer than ${limit} bytes.`);
    if (found >= 0) return end;
    for (let lf = this.bytes.indexOf(10, from); lf >= 0; lf = this.bytes.indexOf(10, lf + 1)) {
      if (lf === this.at || this.bytes[lf - 1] !== 13) throw malformed("A line ends by a line feed alone.");
    }
    this.#searched = this.bytes.length;
    return -1;
  }

  /** Where the first line of the head that ends there does. */
  lineEnd(end: number): number {
    const found = this.bytes.indexOf(lineEnd, this.at);
    return Math.min(found, end - emptyLine.length);
  }

  /** The head that ends there, as the parsers want it, a character a byte. */
  takeHead(end: number): string {
    const text = this.bytes.latin1Slice(this.at, end - emptyLine.length);
    this.at = end;
    return text;
  }

  /** The same of its lines behind the first, which ends at `lineEnd`. */
  takeFields(lineEnd: number, end: number): string {
    const last = end - emptyLine.length;
    this.at = end;
    return this.bytes.latin1Slice(Math.min(lineEnd + 2, last), last);
  }

  /** The line that begins here, without its end; undefined where that has not arrived. */
  line(): string | undefined {
    const end = this.bytes.indexOf(lineEnd, this.at);
    return end < 0 ? undefined : this.bytes.latin1Slice(this.at, end);
  }
}

const nothing: Buffer = Buffer.alloc(0);
const lineEnd: Buffer = Buffer.from("\r\n");
const emptyLine: Buffer = Buffer.from("\r\n\r\n");
