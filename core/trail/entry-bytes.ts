import { writeDecimal } from "../decimal.ts";
import type { Entry } from "./entry.ts";
import { entryTail } from "./entry-json.ts";

type Outcome = Extract<Entry, { kind: "outcome" }>;

/** Sessions whose part of an outcome is kept. */
const mostSessions = 4096;
/** Digits of a number that this writes: 2^53 has 16. */
const longestNumber = 16;
/** The words around the numbers of any entry. */
const around = 64;
/** Bytes that an outcome takes at most, beside what it says of its session. */
const outcomeBytes = 256;
/** A SQLSTATE, a status of HTTP, a code of the gateway's own: nothing in it to escape, and no longer than there is room for. */
const plainCode = /^[\w.-]{1,40}$/;
/** Whose microseconds are an exact number. */
const longestMs = 10_000_000;

const [seqWords, timeWords] = [Buffer.from(`{"seq":`), Buffer.from(`,"time":`)];
const [codeWords, quote] = [Buffer.from(`,"code":"`), 0x22];
const [rowsWords, bytesWords] = [Buffer.from(`,"rows":`), Buffer.from(`,"bytes":`)];
const [msWords, endWords] = [Buffer.from(`},"ms":`), Buffer.from("}")];
const results = {
  ok: Buffer.from(`,"outcome":{"result":"ok"`),
  error: Buffer.from(`,"outcome":{"result":"error"`),
  cancelled: Buffer.from(`,"outcome":{"result":"cancelled"`),
  unknown: Buffer.from(`,"outcome":{"result":"unknown"`),
} as const satisfies Record<Outcome["outcome"]["result"], Buffer>;

/**
 * Writes entries as JSON straight into the bytes of a segment. Two are written for every operation: what is the same each
 * time is copied, numbers are written digit by digit, and no text is made that only serves to be copied.
 */
export class EntryBytes {
  /** JSON without the numbers before it, of entries that are written again and again. */
  readonly #tails = new WeakMap<Entry, Buffer>();
  readonly #sessions = new Map<string, Buffer>();
  #into: Buffer = Buffer.alloc(0);
  #at = 0;

  /**
   * Bytes that it takes at most with its number and time; undefined: it has to be written out to know. `again`: this
   * very object is written more than once and does not change.
   */
  most(entry: Entry, again: boolean): number | undefined {
    if (again) return this.#tail(entry).length + around + 2 * longestNumber;
    return isPlain(entry) ? this.#session(entry.session).length + outcomeBytes : undefined;
  }

  /** Bytes written. Only for what `most` knows. */
  write(into: Buffer, at: number, seq: number, time: number, entry: Entry): number {
    this.#into = into;
    this.#at = at;
    this.#put(seqWords);
    this.#number(seq);
    this.#put(timeWords);
    this.#number(time);
    if (entry.kind === "outcome") this.#outcome(entry);
    else this.#put(this.#tail(entry));
    return this.#at - at;
  }

  #outcome({ session, op, outcome, ms }: Outcome): void {
    this.#put(this.#session(session));
    this.#number(op);
    this.#put(results[outcome.result]);
    const { code, rows, bytes } = outcome;
    if (code !== undefined) {
      this.#put(codeWords);
      for (let at = 0; at < code.length; at++) this.#byte(code.charCodeAt(at));
      this.#byte(quote);
    }
    if (rows !== undefined) {
      this.#put(rowsWords);
      this.#number(rows);
    }
    if (bytes !== undefined) {
      this.#put(bytesWords);
      this.#number(bytes);
    }
    this.#put(msWords);
    const micros = Math.round(ms * 1000);
    const whole = Math.floor(micros / 1000);
    this.#number(whole);
    const rest = micros - whole * 1000;
    this.#byte(0x2e);
    this.#byte(0x30 + ((rest / 100) | 0));
    this.#byte(0x30 + (((rest / 10) | 0) % 10));
    this.#byte(0x30 + (rest % 10));
    this.#put(endWords);
  }

  #tail(entry: Entry): Buffer {
    let tail = this.#tails.get(entry);
    if (tail === undefined) {
      tail = Buffer.from(`,${entryTail(entry)}`);
      this.#tails.set(entry, tail);
    }
    return tail;
  }

  #session(id: string): Buffer {
    let words = this.#sessions.get(id);
    if (words === undefined) {
      if (this.#sessions.size >= mostSessions) this.#sessions.clear();
      words = Buffer.from(`,"kind":"outcome","session":"${id}","op":`);
      this.#sessions.set(id, words);
    }
    return words;
  }

  #put(bytes: Buffer): void {
    bytes.copy(this.#into, this.#at);
    this.#at += bytes.length;
  }

  #byte(byte: number): void {
    this.#into[this.#at++] = byte;
  }

  /** A whole number, not below 0. */
  #number(value: number): void {
    this.#at = writeDecimal(this.#into, this.#at, value);
  }
}

/** How most operations end. */
function isPlain(entry: Entry): entry is Outcome {
  if (entry.kind !== "outcome") return false;
  const { op, outcome, ms } = entry;
  const { code, bytes, received, rows } = outcome;
  return (
    received === undefined &&
    (code === undefined || plainCode.test(code)) &&
    (rows === undefined || isCount(rows)) &&
    (bytes === undefined || isCount(bytes)) &&
    isCount(op) &&
    ms >= 0 &&
    ms < longestMs &&
    Math.round(ms * 1000) / 1000 === ms
  );
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
