import { digitsEnd, isDigit } from "./bytes.ts";
import { card } from "./card.ts";
import { email } from "./email.ts";
import { iban } from "./iban.ts";
import { ipv4, ipv6 } from "./ip.ts";
import { international, northAmerican } from "./phone.ts";
import { ssn } from "./ssn.ts";
import { cloudkey, jwt } from "./token.ts";

/** What can be found without knowing the column. */
export const detectors = ["email", "card", "iban", "phone", "ssn", "ip", "jwt", "cloudkey"] as const;
export type Detector = (typeof detectors)[number];

/**
 * Looks around the byte at `at`, not before `from` and not at `end` or behind. True: `found.start` and `found.end`
 * are where it is. Allocates nothing.
 */
export type Verifier = (
  bytes: Uint8Array,
  at: number,
  from: number,
  end: number,
  found: { start: number; end: number },
) => boolean;

interface Check {
  readonly kind: Detector;
  readonly verify: Verifier;
  /** The bytes at which it is worth a look. */
  readonly at: string;
  /** What may stand before; absent: anything. */
  readonly before?: string;
  /** What may stand behind, for a number behind all its digits; absent: anything. */
  readonly behind?: string;
  /** How many digits the number may have. */
  readonly digits?: readonly [least: number, most: number];
  /** From the digit at which it is looked at on: at least so many bytes, so many digits, and nothing else but these between. */
  readonly span?: readonly [bytes: number, digits: number, between: string];
}

const digits = "0123456789";
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** In this order where several could match. */
const checks: readonly Check[] = [
  { kind: "email", verify: email, at: "@" },
  { kind: "iban", verify: iban, at: digits, before: letters, digits: [2, 99] },
  { kind: "ssn", verify: ssn, at: digits, behind: "- ", digits: [3, 3], span: [11, 9, "- "] },
  { kind: "phone", verify: international, at: digits, before: "+", span: [8, 8, " -.()"] },
  {
    kind: "phone",
    verify: northAmerican,
    at: digits,
    behind: " -.)",
    digits: [3, 3],
    span: [12, 10, " -.()"],
  },
  { kind: "phone", verify: northAmerican, at: "1", behind: " -.", digits: [1, 1], span: [12, 10, " -.()"] },
  { kind: "card", verify: card, at: digits, digits: [13, 19], span: [13, 13, ""] },
  { kind: "card", verify: card, at: digits, behind: " -.", digits: [3, 12], span: [13, 13, " -."] },
  { kind: "ip", verify: ipv4, at: digits, behind: ".", digits: [1, 3], span: [7, 4, "."] },
  { kind: "ip", verify: ipv6, at: ":", behind: `${digits}abcdefABCDEF:` },
  { kind: "jwt", verify: jwt, at: "J", before: "y" },
  { kind: "cloudkey", verify: cloudkey, at: "A", behind: "KSBCI" },
  { kind: "cloudkey", verify: cloudkey, at: "_", before: "pousrbkm" },
  { kind: "cloudkey", verify: cloudkey, at: "-", before: "tbpark" },
  { kind: "cloudkey", verify: cloudkey, at: "-", behind: "-" },
];

/** In the tables over the neighbours of a byte: there is none. */
const nothing = 256;
const longestNumber = 32;
/** So many bytes are searched for one thing before they are for the other: what is found there is not searched again. */
const stretch = 256;

/** Finds what some detectors know in bytes of text: tables over bytes first, a verifier where they say so. */
export class Scanner {
  readonly #checks: readonly Check[];
  /** Which checks to make, as bits: by the byte, by those around it, by the length of a number. */
  readonly #at: Uint16Array;
  readonly #before: Uint16Array;
  readonly #behind: Uint16Array;
  readonly #digits = new Uint16Array(longestNumber + 1);
  /** By byte: 1 where something is checked at it that needs no span. */
  readonly #marks: Uint8Array;
  /** What all spans have in common: their least length, their fewest digits; by byte 1 for what is between, 3 for digits. */
  readonly #least: number;
  readonly #fewest: number;
  readonly #spans: Uint8Array;
  /** How far `#look` came. */
  #looked = 0;
  /** The last match. */
  kind: Detector = "email";
  start = 0;
  end = 0;

  constructor(kinds: readonly Detector[]) {
    const wanted = checks.filter(({ kind }) => kinds.includes(kind));
    this.#checks = wanted;
    this.#at = table(wanted.map(({ at }) => at));
    this.#before = table(wanted.map(({ before }) => before));
    this.#behind = table(wanted.map(({ behind }) => behind));
    wanted.forEach((check, index) => {
      const [least, most] = check.digits ?? [0, longestNumber];
      for (let length = least; length <= Math.min(most, longestNumber); length++) {
        this.#digits[length]! |= 1 << index;
      }
    });
    const spans = wanted.flatMap(({ span }) => (span === undefined ? [] : [span]));
    this.#least = Math.min(...spans.map(([least]) => least));
    this.#fewest = Math.min(...spans.map(([, fewest]) => fewest));
    this.#spans = among(spans.map(([, , between]) => between).join(""), 1);
    for (const byte of Buffer.from(digits)) this.#spans[byte] = 3;
    this.#marks = among(wanted.map(({ at, span }) => (span === undefined ? at : "")).join(""), 1);
  }

  /** The next match that begins at `from` or behind it and ends before `end`. */
  next(bytes: Uint8Array, from: number, end: number): boolean {
    // Where every digit is a mark, there is nothing to pass over.
    if (this.#marks[digits.charCodeAt(0)] === 1) return this.#look(bytes, from, end, from, end);
    for (let at = from; at < end; at = this.#looked) {
      const stop = at + stretch < end ? at + stretch : end;
      const mark = this.#mark(bytes, at, stop);
      const span = this.#span(bytes, at, mark, end);
      const last = span < mark ? this.#spanEnd(bytes, span, end) : span < stop ? span + 1 : stop;
      this.#looked = last;
      if (last <= mark && last - span < stretch && !this.#hasNumber(bytes, span, last)) continue;
      if (span < stop && this.#look(bytes, span, last, from, end)) return true;
    }
    return false;
  }

  /** Where the next byte with a mark is; `end`: none is before that. */
  #mark(bytes: Uint8Array, from: number, end: number): number {
    const marks = this.#marks;
    let at = from;
    for (const last = end - 3; at < last; at += 4) {
      const two = marks[bytes[at]!]! | marks[bytes[at + 1]!]!;
      if ((two | marks[bytes[at + 2]!]! | marks[bytes[at + 3]!]!) !== 0) break;
    }
    while (at < end && marks[bytes[at]!] === 0) at++;
    return at;
  }

  /**
   * Where the next span begins that may have a number; `before`: none does before that. Of each piece as long as the
   * shortest the last byte is looked at first, as one that no span has rules out all of it: most bytes are never looked at.
   */
  #span(bytes: Uint8Array, from: number, before: number, end: number): number {
    const spans = this.#spans;
    const least = this.#least;
    for (let start = from; start < before; ) {
      let at = start + least - 1;
      if (at >= end) return before;
      while (at >= start && spans[bytes[at]!] !== 0) at--;
      if (at < start) return start;
      start = at + 1;
    }
    return before;
  }

  /** A longer one is looked at in pieces. */
  #spanEnd(bytes: Uint8Array, from: number, end: number): number {
    const stop = from + stretch < end ? from + stretch : end;
    let at = from + this.#least;
    while (at < stop && this.#spans[bytes[at]!] !== 0) at++;
    return at;
  }

  /** Dates and times are as long as many a number, and have fewer digits. */
  #hasNumber(bytes: Uint8Array, from: number, end: number): boolean {
    let count = 0;
    for (let at = from; at < end; at++) count += this.#spans[bytes[at]!]! >> 1;
    return count >= this.#fewest;
  }

  /** Whether something is at one of the bytes from `first` to `last`. */
  #look(bytes: Uint8Array, first: number, last: number, from: number, end: number): boolean {
    const table = this.#at;
    let at = first;
    for (; at < last; at++) {
      let wanted = table[bytes[at]!]!;
      if (wanted === 0) continue;
      // A number is looked at once, from its first digit.
      const length = isDigit(bytes[at]!) ? digitsEnd(bytes, at, end) - at : 0;
      const behind = at + (length || 1);
      wanted &= this.#before[at > from ? bytes[at - 1]! : nothing]!;
      wanted &= this.#behind[behind < end ? bytes[behind]! : nothing]!;
      wanted &= this.#digits[length < longestNumber ? length : longestNumber]!;
      if (wanted !== 0 && this.#verify(wanted, bytes, at, from, end)) return true;
      at = behind - 1;
    }
    this.#looked = at;
    return false;
  }

  #verify(wanted: number, bytes: Uint8Array, at: number, from: number, end: number): boolean {
    for (let left = wanted; left !== 0; left &= left - 1) {
      const check = this.#checks[31 - Math.clz32(left & -left)]!;
      if (!check.verify(bytes, at, from, end, this)) continue;
      this.kind = check.kind;
      return true;
    }
    return false;
  }
}

/** By byte: `value` for those of the list. */
function among(list: string, value: number): Uint8Array {
  const found = new Uint8Array(256);
  for (const byte of Buffer.from(list)) found[byte] = value;
  return found;
}

/** For each byte the checks in whose list it is, as bits; a check without a list takes all. */
function table(lists: readonly (string | undefined)[]): Uint16Array {
  const bits = new Uint16Array(nothing + 1);
  lists.forEach((list, index) => {
    if (list === undefined) for (let byte = 0; byte <= nothing; byte++) bits[byte]! |= 1 << index;
    else for (const byte of Buffer.from(list)) bits[byte]! |= 1 << index;
  });
  return bits;
}
