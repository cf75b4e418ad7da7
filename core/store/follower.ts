import type { Written } from "../trail/entry.ts";
import { follow, type Position, type StreamReader } from "../trail/read.ts";

/** A block goes on until so many entries or bytes were read: what a search reads to find one of them. */
const blockEntries = 4096;
const blockBytes = 1 << 20;
/** What nobody waits for is written so often. */
const lazyMs = 1_000;

/** A stretch of a stream, from `position` on, and the operations and outcomes in it. */
export interface Block {
  /** Sequence numbers of the first and the last of these entries. */
  readonly first: number;
  readonly last: number;
  readonly position: Position;
  readonly earliest: number;
  readonly latest: number;
  /** Sessions that it was not known before to have entries of. */
  readonly sessions: readonly string[];
}

/** What was read and has to be written. */
export interface Batch {
  /** Entries that get a row of their own. */
  readonly single: readonly Written[];
  readonly blocks: readonly Block[];
  readonly position: Position;
  /** How many entries these are. */
  readonly count: number;
}

/** Reads one stream and sorts what it reads: operations and outcomes into blocks, the rest one by one. */
export class Follower {
  readonly #reader: StreamReader;
  #single: Written[] = [];
  #full: Block[] = [];
  #open: OpenBlock;
  #count = 0;
  #urgent = false;
  #taken = 0;

  constructor(dataDir: string, stream: string, from?: Position) {
    this.#reader = follow(dataDir, stream, from);
    this.#open = new OpenBlock(this.#reader.position);
  }

  /** Reads at most so many entries on. `count`: how many there were. */
  read(most: number): { readonly count: number; readonly latest: number } {
    const reader = this.#reader;
    if (this.#open.empty) this.#open = new OpenBlock(reader.position);
    let latest = 0;
    for (let count = 0; count < most; count++) {
      const glance = reader.glance();
      if (!glance) return { count, latest };
      const { kind, seq, time, session } = glance;
      latest = Math.max(latest, time);
      this.#count++;
      if (kind) this.#open.add(seq, time, session);
      else if (reader.parsed) this.#add(reader.parsed);
      if (this.#open.passed(reader.payload.length)) this.#turnOver();
    }
    return { count: most, latest };
  }

  /** Whether it should be written now. Blocks can wait for one another, as checkpoints can: after a crash they are read again. */
  get due(): boolean {
    return this.#urgent || (this.#count > 0 && Date.now() - this.#taken >= lazyMs);
  }

  /** What was read since it was taken last; undefined: nothing. */
  take(): Batch | undefined {
    if (this.#count === 0) return undefined;
    const open = this.#open.changes();
    const blocks = open ? [...this.#full, open] : this.#full;
    const batch = { single: this.#single, blocks, position: this.#reader.position, count: this.#count };
    this.#single = [];
    this.#full = [];
    this.#count = 0;
    this.#urgent = false;
    this.#taken = Date.now();
    return batch;
  }

  get stop(): StreamReader["stop"] {
    return this.#reader.stop;
  }

  close(): void {
    this.#reader.close();
  }

  #add(entry: Written): void {
    this.#single.push(entry);
    if (entry.kind !== "checkpoint") this.#urgent = true;
  }

  #turnOver(): void {
    const full = this.#open.changes();
    if (full) this.#full.push(full);
    this.#open = new OpenBlock(this.#reader.position);
  }
}

class OpenBlock {
  readonly #sessions = new Set<string>();
  #told = 0;
  #changed = false;
  #entries = 0;
  #bytes = 0;
  #first = 0;
  #last = 0;
  #earliest = Number.POSITIVE_INFINITY;
  #latest = 0;

  constructor(readonly position: Position) {}

  get empty(): boolean {
    return this.#first === 0;
  }

  add(seq: number, time: number, session: string): void {
    if (this.#first === 0) this.#first = seq;
    this.#last = seq;
    this.#earliest = Math.min(this.#earliest, time);
    this.#latest = Math.max(this.#latest, time);
    this.#sessions.add(session);
    this.#changed = true;
  }

  /** After each entry, of whatever kind. True: it is full. */
  passed(bytes: number): boolean {
    this.#entries++;
    this.#bytes += bytes;
    return this.#entries >= blockEntries || this.#bytes >= blockBytes;
  }

  /** undefined: as it was when it was asked for last. */
  changes(): Block | undefined {
    if (!this.#changed) return undefined;
    const sessions = [...this.#sessions].slice(this.#told);
    this.#told = this.#sessions.size;
    this.#changed = false;
    return {
      ...{ first: this.#first, last: this.#last, position: this.position, sessions },
      ...{ earliest: this.#earliest, latest: this.#latest },
    };
  }
}
