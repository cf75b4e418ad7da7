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
}

const digits = "0123456789";
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** In this order where several could match. */
const checks: readonly Check[] = [
  { kind: "email", verify: email, at: "@" },
  { kind: "iban", verify: iban, at: digits, before: letters, digits: [2, 99] },
  { kind: "ssn", verify: ssn, at: digits, behind: "- ", digits: [3, 3] },
  { kind: "phone", verify: international, at: digits, before: "+" },
  { kind: "phone", verify: northAmerican, at: digits, behind: " -.)", digits: [3, 3] },
  { kind: "phone", verify: northAmerican, at: "1", behind: " -.", digits: [1, 1] },
  { kind: "card", verify: card, at: digits, digits: [13, 19] },
  { kind: "card", verify: card, at: digits, behind: " -.", digits: [3, 12] },
  { kind: "ip", verify: ipv4, at: digits, behind: ".", digits: [1, 3] },
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

/** Finds what some detectors know in bytes of text: tables over bytes first, a verifier where they say so. */
export class Scanner {
  readonly #checks: readonly Check[];
  /** Which checks to make, as bits: by the byte, by those around it, by the length of a number. */
  readonly #at: Uint16Array;
  readonly #before: Uint16Array;
  readonly #behind: Uint16Array;
  readonly #digits = new Uint16Array(longestNumber + 1);
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
  }

  /** The next match that begins at `from` or behind it and ends before `end`. */
  next(bytes: Uint8Array, from: number, end: number): boolean {
    const table = this.#at;
    for (let at = from; at < end; at++) {
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

/** For each byte the checks in whose list it is, as bits; a check without a list takes all. */
function table(lists: readonly (string | undefined)[]): Uint16Array {
  const bits = new Uint16Array(nothing + 1);
  lists.forEach((list, index) => {
    if (list === undefined) for (let byte = 0; byte <= nothing; byte++) bits[byte]! |= 1 << index;
    else for (const byte of Buffer.from(list)) bits[byte]! |= 1 << index;
  });
  return bits;
}
