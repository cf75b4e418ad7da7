/**
 * Int32 words shared by the thread that writes and the recorder threads, one for each log. Counters are the low 32 bits
 * of a sequence number: compare them by difference, never by size.
 */

/** Bumped by any recorder when something was flushed or became ready. The writer waits on it. */
export const TICK = 0;
const globals = 1;
/** Number, segment, offset and hash of an entry. */
export const placeWords = 3 + 8;
const slots = 11 + 2 * placeWords;

/** Where the words of one log are. */
export class LogWords {
  /** Number of the segment being written, from 1; 0 before the first. Written by the writer. */
  readonly segment: number;
  /** How many segments should exist. Written by the writer. */
  readonly wanted: number;
  /** How many exist, zeroed and flushed. Written by the recorder. */
  readonly ready: number;
  /** Frames written and, of those, flushed. */
  readonly written: number;
  readonly flushed: number;
  /** Somebody waits until this many are flushed. */
  readonly asked: number;
  /** 1 while the recorder knows of nothing to flush: the writer must wake it for the next frame. */
  readonly quiet: number;
  /** The used length of the last segment plus 1 once the log is closed; 0 before. */
  readonly closed: number;
  /** Bumped by the writer when the recorder should look. The recorder sleeps on it. */
  readonly wake: number;
  /** 1 while the recorder takes room of the disk for another segment, or finds none. */
  readonly short: number;
  /** How often the recorder told how far the chain is made; two places for that follow (see chain-words.ts). */
  readonly linked: number;

  constructor(log: number) {
    const base = globals + log * slots;
    this.segment = base;
    this.wanted = base + 1;
    this.ready = base + 2;
    this.written = base + 3;
    this.flushed = base + 4;
    this.asked = base + 5;
    this.quiet = base + 6;
    this.closed = base + 7;
    this.wake = base + 8;
    this.short = base + 9;
    this.linked = base + 10;
  }
}

export function controlBytes(logs: number): number {
  return 4 * (globals + logs * slots);
}

export function bump(words: Int32Array, word: number): void {
  Atomics.add(words, word, 1);
  Atomics.notify(words, word);
}

/** One log as its recorder thread is told of it. */
export interface LogOptions {
  readonly stream: string;
  readonly dir: string;
  /** The first eight bytes of each segment. */
  readonly magic: string;
  readonly segmentBytes: number;
  /** How long after it was written a frame is durable when nobody waits, on a disk that is quick enough. */
  readonly withinMs: number;
  /** Frames are written beside the segments (see Stage), copied into them and chained on the way. */
  readonly staged: boolean;
  /** Tell the writer the SHA-256 of each segment that is full. */
  readonly seals: boolean;
}

export interface RecorderOptions {
  readonly shared: SharedArrayBuffer;
  /** Which of the logs. */
  readonly log: number;
  readonly options: LogOptions;
}

/** What a recorder thread says; `log` is its index in the shared words. */
export type RecorderMessage =
  | {
      readonly kind: "sealed";
      readonly log: number;
      readonly segment: number;
      readonly sha256: string;
      readonly bytes: number;
    }
  /** No further segment can be made for now (ENOSPC and its kin); it keeps trying. */
  | { readonly kind: "stuck"; readonly log: number; readonly why: string }
  | { readonly kind: "closed"; readonly log: number }
  | { readonly kind: "failed"; readonly why: string };
