import { newId } from "./id.ts";
import { sourceOf } from "./source.ts";
import type { Entry } from "./trail/entry.ts";
import type { Trail } from "./trail/trail.ts";

const spanMs = 10_000;
/** Entries of their own that the refusals of one source get in a span, and those of all sources together. */
const ofOne = 20;
const ofAll = 100;
/** Sources whose further refusals are summed up by themselves; those of all others share one entry. */
const sums = 20;
/** Different checks that one sum names. */
const named = 5;
/** Characters of what a provider says of a check. */
const longest = 300;

type Refusal = Pick<Extract<Entry, { kind: "login-refused" }>, "protocol" | "remote" | "check">;

interface Sum {
  readonly id: string;
  readonly protocol: string;
  readonly from: string;
  /** How often each check failed. */
  readonly checks: Map<string, number>;
  more: number;
}

/**
 * Refused logins on their way into the trail. Who has not shown who they are cannot make it grow by more than a few
 * KB a second: what is too much for a span of ten seconds is counted, and its end writes one entry a source.
 */
export class RefusedLogins {
  #seen = new Map<string, number>();
  #sums = new Map<string, Sum>();
  #written = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `told` hears of each that has an entry of its own. */
  constructor(
    readonly trail: Trail,
    readonly told: (refusal: Refusal & { readonly id: string }) => void = () => {},
  ) {}

  /** The id to quote; the entry that has it says which check failed. Throws PosternError `trail.*`. */
  add(refusal: Refusal): string {
    this.#timer ??= setTimeout(() => this.flush(), spanMs).unref();
    const source = sourceOf(refusal.remote);
    const check = refusal.check.slice(0, longest);
    const times = this.#seen.get(source) ?? 0;
    if (times >= ofOne || this.#written >= ofAll) return this.#count(source, refusal.protocol, check);
    const id = newId("ref");
    this.trail.append({ kind: "login-refused", ...refusal, check, id });
    this.told({ ...refusal, check, id });
    this.#seen.set(source, times + 1);
    this.#written++;
    return id;
  }

  /** Ends the span now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counted = this.#sums.values();
    this.#sums = new Map();
    this.#seen = new Map();
    this.#written = 0;
    for (const { id, protocol, from, checks, more } of counted) {
      const check = [...checks].map(([what, times]) => `${times} times: ${what}`).join("; ");
      try {
        this.trail.append({ kind: "login-refused", protocol, remote: from, id, check, more });
      } catch {
        // The trail counts what it has no room for.
      }
    }
  }

  #count(source: string, protocol: string, check: string): string {
    const from = this.#sums.has(source) || this.#sums.size < sums ? source : "several";
    let sum = this.#sums.get(from);
    if (!sum) {
      sum = { id: newId("ref"), protocol, from, checks: new Map(), more: 0 };
      this.#sums.set(from, sum);
    }
    const known = sum.checks.has(check) || sum.checks.size < named ? check : "something else";
    sum.checks.set(known, (sum.checks.get(known) ?? 0) + 1);
    sum.more++;
    return sum.id;
  }
}
