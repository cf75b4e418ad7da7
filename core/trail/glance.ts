import { hashBytes } from "./chain.ts";
import type { Entry } from "./entry.ts";

/** What comes with all traffic: two entries for every operation. */
export type Ordinary = Extract<Entry, { kind: "operation" | "outcome" }>["kind"];

/** True for kinds of which nearly all of a trail is. */
export function isOrdinary(kind: string): kind is Ordinary {
  return kind === "operation" || kind === "outcome";
}

const seqWords = Buffer.from(`{"seq":`);
const timeWords = Buffer.from(`,"time":`);
const kindWords = Buffer.from(`,"kind":"o`);
const operationWords = Buffer.from(`peration","session":"`);
const outcomeWords = Buffer.from(`utcome","session":"`);
const [quote, backslash, zero] = [0x22, 0x5c, 0x30];
/** Digits of a number that is told here: 2^53 has 16. */
const mostDigits = 15;

/**
 * The first words of an ordinary entry, told from its bytes: parsing it would cost more than all else that is done for
 * it. They stand where our own writer puts them; what stands otherwise is not told, and has to be parsed.
 */
export class Glance {
  seq = 0;
  time = 0;
  kind: Ordinary | undefined;
  session = "";
  #at = 0;

  /** False: parse it to know. */
  read(payload: Buffer): boolean {
    this.#at = hashBytes;
    this.kind = undefined;
    if (!this.#skip(payload, seqWords)) return false;
    this.seq = this.#number(payload);
    if (!this.#skip(payload, timeWords)) return false;
    this.time = this.#number(payload);
    if (!this.#skip(payload, kindWords)) return false;
    const operation = payload[this.#at] === operationWords[0];
    if (!this.#skip(payload, operation ? operationWords : outcomeWords)) return false;
    const end = endOfPlain(payload, this.#at);
    if (end === undefined) return false;
    this.session = payload.latin1Slice(this.#at, end);
    this.kind = operation ? "operation" : "outcome";
    return true;
  }

  /** The same of an entry that had to be parsed. */
  of(entry: Entry & { readonly seq: number; readonly time: number }): void {
    this.seq = entry.seq;
    this.time = entry.time;
    const ordinary = entry.kind === "operation" || entry.kind === "outcome";
    this.kind = ordinary ? entry.kind : undefined;
    this.session = ordinary ? entry.session : "";
  }

  #skip(bytes: Buffer, words: Buffer): boolean {
    const at = this.#at;
    for (let index = 0; index < words.length; index++) {
      if (bytes[at + index] !== words[index]) return false;
    }
    this.#at = at + words.length;
    return true;
  }

  /** Of too many digits, or none, nothing follows that fits. */
  #number(bytes: Buffer): number {
    let value = 0;
    for (const most = this.#at + mostDigits; this.#at < most; this.#at++) {
      const digit = (bytes[this.#at] ?? 0) - zero;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    return value;
  }
}

/** Where a string of plain ASCII ends; undefined: it has something escaped, or does not end. */
function endOfPlain(bytes: Buffer, from: number): number | undefined {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === quote) return at;
    if (byte === backslash || byte >= 0x80) return undefined;
  }
  return undefined;
}
