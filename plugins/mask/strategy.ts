import { oneOf, PosternError, type Secret } from "../../core/plugin.ts";
import type { Detector } from "./detect/scanner.ts";
import { partial, redacted } from "./partial.ts";

/**
 * What stands in place of a value. `redact`: `****`. `partial`: enough to recognise it by (`a***@e***.com`, the
 * last four of a card). `null`: nothing. `hash(secret)`: the same pseudonym for the same value.
 */
export type Strategy = "redact" | "partial" | "null" | Hash;

export interface Hash {
  readonly key: Secret;
  /** Hexadecimal digits of the pseudonym. */
  readonly length: number;
}

/**
 * Pseudonyms by HMAC-SHA-256: equal values stay equal, in every column and for as long as the key is the same,
 * and nobody without the key can try values. Values that few people share can be told apart by how often they come.
 */
export function hash(key: Secret, options: { readonly length?: number } = {}): Hash {
  const { length = 16 } = options;
  if (!Number.isInteger(length) || length < 12 || length > 64) {
    throw new PosternError("mask.hash", `A pseudonym of ${length} digits is not possible.`, {
      hint: "Give a whole number from 12 to 64.",
    });
  }
  return { key, length };
}

export { redacted };
export const withheld = "[withheld]";

/** Turns one value into what may be shown. */
export interface Substitute {
  /** `kind`: how it was found; undefined for a whole column. */
  (value: string, kind: Detector | undefined): string | null;
  /** The same of a value that stands in `bytes` from `start` to `end`. */
  readonly ofBytes: OfBytes;
  /** What it gives whatever the value is; absent: that hangs on the value. */
  readonly always?: string | null;
}

type OfBytes = (bytes: Buffer, start: number, end: number, kind: Detector | undefined) => Uint8Array | null;

const redacting: Substitute = always(redacted);
const emptying: Substitute = always(null);
export const withholding: Substitute = always(withheld);

export function substituteOf(strategy: Strategy, keys: Keys): Substitute {
  if (strategy === "redact") return redacting;
  if (strategy === "null") return emptying;
  if (strategy === "partial") return looking(partial);
  if (typeof strategy !== "object") oneOf<string>("strategy", strategy, ["redact", "partial", "null"]);
  const instead = Buffer.from(redacted);
  return looking((bytes, start, end) => keys.pseudonym(bytes, start, end, strategy) ?? instead);
}

/**
 * The same where a value may be what its caller makes of it: nothing of it is shown. A first letter of every
 * `substr(email, n)`, or the pseudonym of a guess (`case when false then email else 'a guess' end`), would be all of it.
 */
export function substituteOfComputed(strategy: Strategy): Substitute {
  return strategy === "null" ? emptying : redacting;
}

function always(shown: string | null): Substitute {
  const bytes = shown === null ? null : Buffer.from(shown);
  return Object.assign(() => shown, { always: shown, ofBytes: () => bytes });
}

/** What is no UTF-8 is looked at as a text would have it. */
function looking(at: OfBytes): Substitute {
  const ofBytes: OfBytes = (bytes, start, end, kind) => {
    if (isAscii(bytes, start, end)) return at(bytes, start, end, kind);
    const text = Buffer.from(bytes.toString("utf8", start, end));
    return at(text, 0, text.length, kind);
  };
  const ofText = (value: string, kind: Detector | undefined) => {
    const bytes = Buffer.from(value);
    const shown = at(bytes, 0, bytes.length, kind);
    return shown === null ? null : Buffer.from(shown).toString("utf8");
  };
  return Object.assign(ofText, { ofBytes });
}

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at]! >= 0x80) return false;
  return true;
}

/** The keys of a guardrail's pseudonyms, read once, before the first operation that may need them. */
export class Keys {
  /** Hashers that have read the key and nothing else. */
  readonly #keys = new Map<Secret, Bun.CryptoHasher>();
  readonly #secrets: readonly Secret[];
  #loading: Promise<void> | undefined;

  constructor(strategies: readonly Strategy[]) {
    this.#secrets = [...new Set(strategies.flatMap((each) => (typeof each === "object" ? each.key : [])))];
  }

  get ready(): boolean {
    return this.#keys.size === this.#secrets.length;
  }

  /** Rejects with the secret's own error; the next call tries again. */
  load(): Promise<void> {
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  pseudonym(bytes: Buffer, start: number, end: number, { key, length }: Hash): Uint8Array | undefined {
    const keyed = this.#keys.get(key);
    if (keyed === undefined) return undefined;
    const digits = keyed.copy().update(bytes.subarray(start, end)).digest("hex");
    const shown = Buffer.allocUnsafe(length);
    shown.write(digits, 0, length, "latin1");
    return shown;
  }

  async #read(): Promise<void> {
    for (const secret of this.#secrets) {
      const key = await secret.read();
      if (key.length < 16) {
        throw new PosternError(
          "mask.key",
          `The key of a pseudonym (${secret.label}) is shorter than 16 characters.`,
          {
            hint: "Make one with `openssl rand -hex 32`.",
          },
        );
      }
      this.#keys.set(secret, new Bun.CryptoHasher("sha256", key));
    }
  }
}
