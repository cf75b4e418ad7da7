import type { Pass } from "../../../core/plugin.ts";
import type { Subject } from "./named.ts";

/** What the server still owes an answer to. Sync, Query and FunctionCall end with ReadyForQuery only. */
export const kind = {
  none: 0,
  parse: 1,
  bind: 2,
  describeStatement: 3,
  describePortal: 4,
  execute: 5,
  close: 6,
  sync: 7,
  query: 8,
  functionCall: 9,
} as const;

export const flag = {
  /** The gateway sent it: its answer is not the caller's. */
  swallow: 1,
  /** It stands in for something denied: its error is rewritten. */
  denied: 2,
  /** The trail has kept what its answer waits for. */
  ready: 4,
  /** A guardrail sees its rows. */
  rows: 8,
  /** It asks about the statement behind it, which has the same pass and does not run when this fails. */
  ahead: 16,
} as const;

const firstCapacity = 16;
const noBytes = new Uint8Array(0);
const nobody: undefined[] = [];

/**
 * The messages sent and not answered, oldest first: a ring of parallel arrays, so that a message costs
 * no object. The server answers in order, so that an answer always belongs to the head. A session that has asked nothing
 * yet has no ring.
 */
export class Owed {
  length = 0;
  /** Entries that run statements. */
  running = 0;
  #first = 0;
  #mask = -1;
  #kinds = noBytes;
  #flags = noBytes;
  #subjects: (Subject | undefined)[] = nobody;
  #passes: (Pass | undefined)[] = nobody;

  push(what: number, flags: number, subject?: Subject, pass?: Pass): void {
    if (this.length > this.#mask) this.#grow();
    const at = (this.#first + this.length) & this.#mask;
    this.#kinds[at] = what;
    this.#flags[at] = flags;
    this.#subjects[at] = subject;
    this.#passes[at] = pass;
    this.length += 1;
    if (runs(what)) this.running += 1;
  }

  /** Of the head; `none` when nothing is owed. */
  get kind(): number {
    return this.length === 0 ? kind.none : (this.#kinds[this.#first] as number);
  }
  get flags(): number {
    return this.length === 0 ? 0 : (this.#flags[this.#first] as number);
  }
  get subject(): Subject | undefined {
    return this.#subjects[this.#first];
  }
  get pass(): Pass | undefined {
    return this.#passes[this.#first];
  }
  /** Whether the head runs a statement. */
  get runs(): boolean {
    return runs(this.kind);
  }
  /** What comes behind the head. */
  get nextKind(): number {
    return this.length < 2 ? kind.none : (this.#kinds[(this.#first + 1) & this.#mask] as number);
  }

  mark(bit: number): void {
    this.#flags[this.#first] = this.flags | bit;
  }

  pop(): void {
    // A session that ended while its last message was looked at owes nothing any more.
    if (this.length === 0) return;
    const at = this.#first;
    if (runs(this.#kinds[at] as number)) this.running -= 1;
    this.#subjects[at] = undefined;
    this.#passes[at] = undefined;
    this.#first = (at + 1) & this.#mask;
    this.length -= 1;
  }

  #grow(): void {
    const size = this.#mask + 1;
    const capacity = Math.max(firstCapacity, size * 2);
    const order = Array.from({ length: size }, (_, index) => (this.#first + index) & this.#mask);
    const kinds = new Uint8Array(capacity);
    const flags = new Uint8Array(capacity);
    for (const [to, from] of order.entries()) {
      kinds[to] = this.#kinds[from] as number;
      flags[to] = this.#flags[from] as number;
    }
    const rest = new Array(capacity - size).fill(undefined);
    this.#subjects = [...order.map((from) => this.#subjects[from]), ...rest];
    this.#passes = [...order.map((from) => this.#passes[from]), ...rest];
    this.#kinds = kinds;
    this.#flags = flags;
    this.#first = 0;
    this.#mask = capacity - 1;
  }
}

function runs(what: number): boolean {
  return what === kind.execute || what === kind.query || what === kind.functionCall;
}
