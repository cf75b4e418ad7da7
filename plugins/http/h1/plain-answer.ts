import { writeDecimal } from "../../../core/plugin.ts";
import type { WholeAnswer, WholeSink } from "../exchange.ts";
import { Scratch } from "../scratch.ts";
import { fieldLimit } from "./fields.ts";
import { framingNames } from "./framing-fields.ts";
import { shape, shapeOf, shapes } from "./name-shape.ts";
import { tokenBytes, valueBytes } from "./syntax.ts";

/** Bytes of the longest answer, head and body, that is put together in one piece. */
const longest = 32 * 1024;
/** Room for what the head gains: its length, and a comma and a blank for each directive of caching. */
const gained = 1024;
/** Bytes of `Cache-Control`, which may be twice as long when it leaves. */
const longestCaching = 256;

/**
 * An answer that needs no thought: HTTP/1.1, all of it there and nothing behind it, its length told, no field that frames
 * it in another way or that somebody would change. It is checked byte by byte as `parseResponse` checks it, and comes out
 * as `responseText` would write it, without ever being text. Whatever is not so, or not written as nearly everybody writes
 * it, is left to them: `read` says false, and nothing has happened.
 */
export class PlainAnswer implements WholeAnswer {
  status = 0;
  length = 0;
  type = "";
  /** As it leaves: the head up to `#head`, and the body behind. */
  readonly #scratch = new Scratch(longest + gained);
  readonly #out: Buffer = this.#scratch.room(0);
  #head = 0;
  #from: Buffer = this.#out;
  #caching: string | undefined;
  #type: { readonly bytes: Buffer; readonly text: string } | undefined;

  get bytes(): Buffer {
    return this.#scratch.upTo(this.#head + this.length);
  }

  get body(): Buffer {
    return this.#from.subarray(this.#from.length - this.length);
  }

  /** `end`: of the head that begins at `from`, behind its empty line. */
  read(bytes: Buffer, from: number, end: number, sink: WholeSink): boolean {
    this.#from = bytes;
    this.#head = 0;
    this.#caching = undefined;
    this.length = -1;
    this.type = "";
    if (bytes.length - from > longest || !this.#readStatus(bytes, from)) return false;
    const first = lineEnd(bytes, from + 13);
    if (first < 0 || !this.#readFields(bytes, from, first + 2, end - 2, sink)) return false;
    if (this.length < 0 || bytes.length - end !== this.length) return false;
    this.#finish(bytes, end, sink);
    return true;
  }

  #readStatus(bytes: Buffer, from: number): boolean {
    for (let at = 0; at < version.length; at++) if (bytes[from + at] !== version[at]) return false;
    const first = (bytes[from + 9] as number) - zero;
    const second = (bytes[from + 10] as number) - zero;
    const third = (bytes[from + 11] as number) - zero;
    if (first < 2 || first > 5 || second < 0 || second > 9 || third < 0 || third > 9) return false;
    this.status = first * 100 + second * 10 + third;
    return bytes[from + 12] === blank && this.status !== 204 && this.status !== 304;
  }

  /** Lines that pass are copied as they stand, many at a time. */
  #readFields(bytes: Buffer, from: number, first: number, end: number, sink: WholeSink): boolean {
    let kept = from;
    let line = first;
    for (let count = 0; line < end; count++) {
      if (count === fieldLimit) return false;
      let colon = line;
      while (tokenBytes[bytes[colon] as number] === 1) colon++;
      if (colon === line || bytes[colon] !== 58 || bytes[colon + 1] !== blank) return false;
      const to = lineEnd(bytes, colon + 2);
      if (to < 0 || isBlank(bytes[colon + 2] as number) || isBlank(bytes[to - 1] as number)) return false;
      if (mayMatter(bytes, line, colon)) {
        const becomes = this.#field(nameOf(bytes, line, colon), bytes, colon + 2, to, sink);
        if (becomes === "refused") return false;
        if (becomes === "dropped") {
          this.#copy(bytes, kept, line);
          kept = to + 2;
        }
      }
      line = to + 2;
    }
    this.#copy(bytes, kept, end);
    return line === end;
  }

  #field(name: string, bytes: Buffer, from: number, end: number, sink: WholeSink): Becomes {
    switch (name) {
      case "content-type":
        if (this.type === "") this.type = this.#typeOf(bytes, from, end);
        return "passes";
      case "content-length":
        if (this.length >= 0) return "refused";
        this.length = numberIn(bytes, from, end);
        return this.length < 0 ? "refused" : "dropped";
      case "connection":
        return is(keepAlive, bytes, from, end) ? "dropped" : "refused";
      case "keep-alive":
        return "dropped";
      case "cache-control":
        if (this.#caching !== undefined || end - from > longestCaching) return "refused";
        this.#caching = bytes.latin1Slice(from, end);
        return "dropped";
      default:
        return framing.has(name) || !sink.passes(name) ? "refused" : "passes";
    }
  }

  /** Nearly always that of the answer before. */
  #typeOf(bytes: Buffer, from: number, end: number): string {
    if (this.#type === undefined || !is(this.#type.bytes, bytes, from, end)) {
      const text = bytes.latin1Slice(from, end);
      this.#type = { bytes: Buffer.from(text, "latin1"), text };
    }
    return this.#type.text;
  }

  #finish(bytes: Buffer, end: number, sink: WholeSink): void {
    const caching = sink.caching(this.#caching);
    const out = this.#out;
    let at = this.#head;
    if (caching === "private") at += privately.copy(out, at);
    else at += out.write(`Cache-Control: ${caching}\r\nContent-Length: `, at, "latin1");
    at = writeDecimal(out, at, this.length);
    for (const byte of emptyLine) out[at++] = byte;
    this.#head = at;
    if (this.length > 0) bytes.copy(out, at, end, end + this.length);
  }

  #copy(bytes: Buffer, from: number, to: number): void {
    if (to > from) this.#head += bytes.copy(this.#out, this.#head, from, to);
  }
}

type Becomes = "passes" | "dropped" | "refused";

/** Where the line's end is that comes behind these characters of a value; -1 where it is none. */
function lineEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (valueBytes[bytes[at] as number] === 1) at++;
  return bytes[at] === 13 && bytes[at + 1] === 10 ? at : -1;
}

/** By length and first letter, and for long names by what those are known by that caches of a kind heed. */
function mayMatter(bytes: Buffer, from: number, to: number): boolean {
  const length = to - from;
  const first = bytes[from] as number;
  if (matter[shape(length, first)] === 1) return true;
  return length > 11 && ((first & 31) === letterX || ((bytes[to - 1] as number) & 31) === letterL);
}

/** In lower case; without making a text of it where it is written as usual. */
function nameOf(bytes: Buffer, from: number, to: number): string {
  for (const { written, name } of usual) if (is(written, bytes, from, to)) return name;
  return bytes.latin1Slice(from, to).toLowerCase();
}

function is(expected: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (expected.length !== to - from) return false;
  for (let at = 0; at < expected.length; at++) if (expected[at] !== bytes[from + at]) return false;
  return true;
}

/** As `digits` reads them. */
function numberIn(bytes: Buffer, from: number, to: number): number {
  if (to - from > 15) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function isBlank(byte: number): boolean {
  return byte === blank || byte === 9;
}

const [zero, blank, letterL, letterX] = [48, 32, 12, 24];
const version: Buffer = Buffer.from("HTTP/1.1 ");
const keepAlive: Buffer = Buffer.from("keep-alive");
const emptyLine = [13, 10, 13, 10] as const;
const privately: Buffer = Buffer.from("Cache-Control: private\r\nContent-Length: ");

const usual: readonly { readonly written: Buffer; readonly name: string }[] = [
  ...["Content-Type", "Content-Length", "Connection", "Keep-Alive", "Cache-Control"],
].map((written) => ({ written: Buffer.from(written), name: written.toLowerCase() }));

const framing: ReadonlySet<string> = new Set(framingNames);

/** By shape: 1 where a name that frames, or that somebody reads or changes, has it. */
const matter: Uint8Array = new Uint8Array(shapes);
for (const name of [
  ...[...framingNames, "content-type", "cache-control"],
  ...["alt-svc", "location", "content-location", "set-cookie", "content-encoding"],
]) {
  matter[shapeOf(name)] = 1;
}
