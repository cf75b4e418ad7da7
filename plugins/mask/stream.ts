import { ESC, sequenceEnd } from "../../core/plugin.ts";
import { isAlphanumeric, isDigit } from "./detect/bytes.ts";
import type { Finder } from "./found.ts";
import { type Reading, readingsOf } from "./readings.ts";

/** Bytes kept back at most. */
const most = 8192;
/** What is looked at again when that much has no end in sight: longer than any value that is no token. */
const tail = 512;
/** How much is remembered of what the caller typed: longer than any value that somebody types. */
const typedBytes = 256;

/** A value, by its place in the bytes. */
interface Found {
  readonly start: number;
  end: number;
  /** More of it may follow. */
  open: boolean;
  readonly value: string;
  readonly shown: Uint8Array;
  readonly key: boolean;
}

/**
 * One channel of a stream. Bytes that may be the beginning of a value are kept until it is clear that they are
 * not, so that a value in two chunks is found. An empty chunk means: nothing follows for now; all is shown. Should
 * a value have been cut there, what comes of it then is replaced, so that it never leaves whole.
 */
export class StreamMask {
  #kept: Uint8Array = new Uint8Array(0);
  /** So many of the kept bytes have left, when nothing followed. */
  #gone = 0;
  #typed = "";
  /** A value that is longer than can be kept: it was replaced, and the rest of it is dropped. */
  #within: "token" | "key" | undefined;
  readonly #finder: Finder;

  constructor(finder: Finder) {
    this.#finder = finder;
  }

  /** What the caller sends on the same channel: a terminal shows it key by key, which is no leak. */
  typed(bytes: Uint8Array): void {
    this.#typed = (this.#typed + Buffer.from(bytes.subarray(-typedBytes)).toString("utf8")).slice(
      -typedBytes,
    );
  }

  /** What to send now; empty: nothing yet. */
  push(bytes: Uint8Array): Uint8Array {
    const all = this.#rest(this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]));
    const last = bytes.length === 0;
    const { all: readings, open } = readingsOf(all);
    const clear = readyTo(all, readings, open);
    const ready = last ? all.length : clear;
    const parts: Uint8Array[] = [];
    let from = this.#gone;
    let replaced = 0;
    for (const found of this.#find(readings)) {
      if (found.start >= ready) break;
      const goesOn = found.open && !last;
      if (goesOn && all.length - found.start < most)
        return this.#keep(all, parts, from, found.start, found.start);
      if (found.end <= from || this.#isEcho(found)) continue;
      if (found.start > from) parts.push(all.subarray(from, found.start));
      parts.push(found.shown, ...sequencesIn(all, found, from));
      from = found.end;
      replaced = from;
      if (goesOn) this.#within = found.key ? "key" : "token";
    }
    return this.#keep(all, parts, from, ready, last ? clear : Math.max(replaced, ready));
  }

  /** Sends up to `to`, and remembers from `keep` on. */
  #keep(all: Uint8Array, parts: Uint8Array[], from: number, to: number, keep: number): Uint8Array {
    if (to > from) parts.push(all.subarray(from, to));
    this.#kept = Buffer.from(all.subarray(keep));
    this.#gone = Math.max(from, to) - keep;
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  /** A part of it was shown already, since it is what the caller types. */
  #isEcho({ start, value }: Found): boolean {
    return start < this.#gone && this.#typed.includes(value);
  }

  /** All values, by any reading, in order; those that overlap are one. */
  #find(readings: readonly Reading[]): Found[] {
    const found = readings.flatMap((reading) => [...this.#findIn(reading)]);
    if (readings.length === 1) return found;
    const merged: Found[] = [];
    for (const next of found.sort((a, b) => a.start - b.start)) {
      const before = merged.at(-1);
      if (before === undefined || next.start >= before.end) merged.push(next);
      else if (next.end >= before.end) {
        before.end = next.end;
        before.open ||= next.open;
      }
    }
    return merged;
  }

  *#findIn({ text, from, to }: Reading): Generator<Found> {
    for (let at = 0; ; ) {
      const match = this.#finder.next(text, at, text.length);
      if (match === undefined) return;
      at = match.end;
      yield {
        start: from ? (from[match.start] as number) : match.start,
        end: to ? (to[match.end - 1] as number) : match.end,
        open: match.end === text.length,
        value: Buffer.from(text.subarray(match.start, match.end)).toString("utf8"),
        shown: match.shown,
        key: match.kind === "cloudkey",
      };
    }
  }

  /** Without what still belongs to the value that was replaced last. */
  #rest(bytes: Uint8Array): Uint8Array {
    if (this.#within === undefined) return bytes;
    let at = 0;
    while (at < bytes.length && belongs(bytes[at]!, this.#within)) at++;
    if (at < bytes.length) this.#within = undefined;
    return bytes.subarray(at);
  }
}

/** What colours a terminal stays, also inside of a value. */
function sequencesIn(bytes: Uint8Array, { start, end }: Found, gone: number): Uint8Array[] {
  const sequences: Uint8Array[] = [];
  for (let at = bytes.indexOf(ESC, start); at >= 0 && at < end; at = bytes.indexOf(ESC, at)) {
    const over = sequenceEnd(bytes, at) ?? end;
    if (over > gone) sequences.push(bytes.subarray(Math.max(at, gone), over));
    at = Math.max(over, at + 1);
  }
  return sequences;
}

/** Up to here no value can be open, by any reading: behind the last byte that no value has inside. */
function readyTo(bytes: Uint8Array, readings: readonly Reading[], open: number): number {
  let ready = open;
  for (const { text, from } of readings) {
    let at = text.length;
    while (at > 0 && joins(text, at - 1)) at--;
    if (at < text.length) ready = Math.min(ready, from ? (from[at] as number) : at);
  }
  return bytes.length - ready <= most ? ready : bytes.length - tail;
}

const inside = new Set(Buffer.from("@._%+-&!#$*^~:/=()"));

/** Whether a value may have this byte inside. A space only stands between the groups of a number. */
function joins(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at]!;
  if (isAlphanumeric(byte) || byte >= 128 || inside.has(byte)) return true;
  if (byte !== 32) return false;
  const before = at === 0 ? 48 : bytes[at - 1]!;
  const behind = at + 1 < bytes.length ? bytes[at + 1]! : 48;
  return groups(before) && groups(behind);
}

/** Digits and capitals (an IBAN's groups, a key's header), and what stands around an area code. */
function groups(byte: number): boolean {
  return isDigit(byte) || (byte >= 65 && byte <= 90) || byte === 40 || byte === 41;
}

/** A key in PEM goes on over lines, up to its last dash; a token to where its alphabet ends. */
function belongs(byte: number, within: "token" | "key"): boolean {
  if (isAlphanumeric(byte) || byte === 95 || byte === 45 || byte === 46) return true;
  return within === "key" && (byte === 10 || byte === 13 || byte === 43 || byte === 47 || byte === 61);
}
