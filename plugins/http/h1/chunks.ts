import type { Fields } from "../message.ts";
import type { BodyReader } from "./body-reader.ts";
import { malformed, tooLarge } from "./fault.ts";
import { readTrailers } from "./fields.ts";
import type { Intake } from "./intake.ts";

/**
 * Reads the chunked coding (RFC 9112, 7.1) wherever the chunks were cut on their way. Extensions are checked and
 * dropped, and of all extensions of one body only `extensionLimit` bytes are taken.
 */
export class Chunks implements BodyReader {
  ended = false;
  trailers: Fields = [];
  #state: State = "size";
  /** Of the size that is being read, or of what is left of the chunk. */
  #size = 0;
  #digits = 0;
  #extension = "";
  #extensions = 0;
  #tail: Buffer[] = [];
  #tailLength = 0;

  /** `limit`: bytes of trailers. */
  constructor(readonly limit: number) {}

  /** All data that is there as one piece: chunks are moved together within the bytes that they arrived in. */
  read(intake: Intake): Buffer | undefined {
    const { bytes } = intake;
    const end = bytes.length;
    let at = intake.at;
    let start = -1;
    let filled = 0;
    while (at < end && !this.ended) {
      if (this.#state === "data") {
        const length = Math.min(this.#size, end - at);
        if (start < 0) start = filled = at;
        if (filled !== at) bytes.copy(bytes, filled, at, at + length);
        filled += length;
        at += length;
        this.#size -= length;
        if (this.#size === 0) this.#state = "data-cr";
      } else if (this.#state === "trailers") {
        at += this.#takeTrailers(bytes.subarray(at));
      } else this.#step(bytes[at++] as number);
    }
    if (at === end) intake.takeAll();
    else intake.at = at;
    return start < 0 ? undefined : bytes.subarray(start, filled);
  }

  /** One byte of what stands between the data. */
  #step(byte: number): void {
    switch (this.#state) {
      case "size": {
        const digit = hexDigits[byte] as number;
        if (digit >= 0) {
          // Thirteen digits are 52 bits: a number that stays exact.
          if (++this.#digits > 13) throw malformed("A chunk is longer than any chunk may be.");
          this.#size = this.#size * 16 + digit;
          return;
        }
        if (this.#digits === 0) throw malformed("A chunk does not begin with its length.");
        if (byte === 13) this.#state = "size-lf";
        else if (byte === 59) {
          this.#state = "extension";
          this.#extension = ";";
        } else throw malformed("The length of a chunk is not a hexadecimal number.");
        return;
      }
      case "extension":
        if (byte === 13) {
          if (!extensions.test(this.#extension)) throw malformed("A chunk extension is malformed.");
          this.#state = "size-lf";
          return;
        }
        if (++this.#extensions > extensionLimit) throw malformed("The chunk extensions are too long.");
        this.#extension += String.fromCharCode(byte);
        return;
      case "size-lf":
        if (byte !== 10) throw malformed("The line of a chunk's length does not end as a line.");
        this.#state = this.#size === 0 ? "trailers" : "data";
        return;
      case "data-cr":
        if (byte !== 13) throw malformed("A chunk is longer than its length.");
        this.#state = "data-lf";
        return;
      default:
        if (byte !== 10) throw malformed("A chunk is longer than its length.");
        this.#state = "size";
        this.#digits = 0;
    }
  }

  /** How many of these bytes are the trailers', up to the empty line that ends the body. */
  #takeTrailers(bytes: Buffer): number {
    const had = this.#tailLength;
    this.#tail.push(bytes.subarray(0, this.limit + 4 - had));
    const text = Buffer.concat(this.#tail).toString("latin1");
    const none = text.startsWith("\r\n");
    const end = none ? 0 : text.indexOf("\r\n\r\n");
    if (end < 0) {
      if (text.length > this.limit) throw tooLarge(`The trailers are longer than ${this.limit} bytes.`);
      if (bareLineFeed.test(text)) throw malformed("A line ends by a line feed alone.");
      this.#tail = [Buffer.from(text, "latin1")];
      this.#tailLength = text.length;
      return bytes.length;
    }
    this.ended = true;
    this.#tail = [];
    if (!none) this.trailers = readTrailers(text.slice(0, end));
    return end + (none ? 2 : 4) - had;
  }
}

type State = "size" | "extension" | "size-lf" | "data" | "data-cr" | "data-lf" | "trailers";

/** Bytes of all extensions of one body. */
const extensionLimit = 1024;

/** RFC 9112, 7.1.1, without the blanks that it tolerates. Each step is told by its first character: no backtracking. */
const extensions =
  /^(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*"))?)+$/;

const bareLineFeed = /(?:^|[^\r])\n/;

const hexDigits: Int8Array = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = "0123456789abcdef".indexOf(String.fromCharCode(byte).toLowerCase());
  return byte < 128 ? digit : -1;
});
