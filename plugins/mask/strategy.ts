import { oneOf, PosternError, type Secret } from "../../core/plugin.ts";
import type { Detector } from "./detect/scanner.ts";

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

export const redacted = "****";
export const withheld = "[withheld]";

/** Turns one value into what may be shown. */
export interface Substitute {
  /** `kind`: how it was found; undefined for a whole column. */
  (value: string, kind: Detector | undefined): string | null;
  /** What it gives whatever the value is; absent: that hangs on the value. */
  readonly always?: string | null;
}

const redacting: Substitute = always(redacted);
const emptying: Substitute = always(null);
export const withholding: Substitute = always(withheld);

export function substituteOf(strategy: Strategy, keys: Keys): Substitute {
  if (strategy === "redact") return redacting;
  if (strategy === "null") return emptying;
  if (strategy === "partial") return partial;
  if (typeof strategy !== "object") oneOf<string>("strategy", strategy, ["redact", "partial", "null"]);
  return (value) => keys.pseudonym(value, strategy) ?? redacted;
}

/**
 * The same where a value may be what its caller makes of it: nothing of it is shown. A first letter of every
 * `substr(email, n)`, or the pseudonym of a guess (`case when false then email else 'a guess' end`), would be all of it.
 */
export function substituteOfComputed(strategy: Strategy): Substitute {
  return strategy === "null" ? emptying : redacting;
}

function always(shown: string | null): Substitute {
  return Object.assign(() => shown, { always: shown });
}

/** The keys of a guardrail's pseudonyms, read once, before the first operation that may need them. */
export class Keys {
  readonly #keys = new Map<Secret, string>();
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

  pseudonym(value: string, { key, length }: Hash): string | undefined {
    const secret = this.#keys.get(key);
    if (secret === undefined) return undefined;
    return new Bun.CryptoHasher("sha256", secret).update(value).digest("hex").slice(0, length);
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
      this.#keys.set(secret, key);
    }
  }
}

/** Keeps the shape and little else; what is too short to keep anything of is redacted. */
const partial: Substitute = (value, kind) => {
  const mail = /^(.).*@(.)[^@]*?(\.[^.@]*)$/su.exec(value);
  if (mail !== null) return `${mail[1]}***@${mail[2]}***${mail[3]}`;
  if (kind === "jwt") return "eyJ***";
  if (kind === "cloudkey") return `${value.slice(0, 4)}***`;
  if (kind === "ip")
    return `${/^[0-9a-fA-F]+/.exec(value)?.[0] ?? ""}${value.includes(":") ? ":***" : ".*.*.*"}`;
  const keep = kind === "phone" ? 2 : 4;
  const characters = value.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
  if (characters >= 2 * keep + 1 && /\d/.test(value)) return lastOf(value, characters - keep);
  return characters > 3 ? `${/./su.exec(value)?.[0] ?? ""}***` : redacted;
};

/** The first `hidden` letters and digits as stars; what stands between them stays. */
function lastOf(value: string, hidden: number): string {
  return value.replace(/[\p{L}\p{N}]/gu, (character) => (hidden-- > 0 ? "*" : character));
}
