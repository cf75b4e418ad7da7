import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  truncateSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { tellEnd } from "./chain-words.ts";
import { bump, type LogOptions, LogWords, type RecorderMessage, TICK } from "./control.ts";
import { Provision, segmentName } from "./segment.ts";
import { stageCount, stageMagic, stageName } from "./stage.ts";
import { StageCopy } from "./stage-copy.ts";

const retryMs = 100;
const yieldMs = 5;
/** What is left of a long flush after the next one. */
const forgets = 0.5;
const window = new Uint8Array(1 << 20);

/** The recorder's side of one log: makes segments ahead, flushes them, seals them. */
export class Keeper {
  readonly #at: LogWords;
  /** Open files of segments that are not sealed yet, by number. */
  readonly #files = new Map<number, number>();
  readonly #sealing: { segment: number; fd: number; hash: Bun.CryptoHasher; bytes: number }[] = [];
  #provision: Provision | undefined;
  readonly #copy: StageCopy | undefined;
  /** How many stages there are. */
  #stages = 0;
  #retryAt = 0;
  #stuck = false;
  /** Logs whose segments come first. */
  readonly #before: readonly LogWords[];
  #sealed = 0;
  /** No frame that waits for a flush was written before. */
  #since: number | undefined;
  /** When nothing waited for a flush, and the recorder has been at work ever since. */
  #clean: number | undefined;
  /** Milliseconds that a flush takes: the longest of late. */
  #takes = 0;
  #trimmed = false;
  done = false;

  constructor(
    private readonly words: Int32Array,
    private readonly log: number,
    private readonly options: LogOptions,
    private readonly tell: (message: RecorderMessage) => void,
  ) {
    this.#at = new LogWords(log);
    this.#before = Array.from({ length: log }, (_, index) => new LogWords(index));
    this.#copy = options.staged ? new StageCopy(options.dir, options.stream) : undefined;
  }

  /** Milliseconds until the next flush or retry must happen; 0: now. */
  due(now: number): number {
    const { words } = this;
    if (Atomics.load(words, this.#at.written) === Atomics.load(words, this.#at.flushed)) {
      // After one frame others follow: looked for in time, they need not wake anybody.
      const left = this.#since === undefined ? 0 : this.#left(this.#since, now);
      const retry = this.#wants() ? Math.max(1, this.#retryAt - now) : Number.POSITIVE_INFINITY;
      if (left > 0) return Math.min(left, retry);
      Atomics.store(words, this.#at.quiet, 1);
      // The writer looks at `quiet` after it stores `written`: one of the two sees the other.
      if (Atomics.load(words, this.#at.written) === Atomics.load(words, this.#at.flushed)) {
        this.#since = undefined;
        this.#clean = now;
        return retry;
      }
      Atomics.store(words, this.#at.quiet, 0);
    }
    this.#since ??= this.#clean ?? now;
    const asked = Atomics.load(words, this.#at.asked) - Atomics.load(words, this.#at.flushed);
    if ((asked | 0) > 0) return 0;
    return this.#left(this.#since, now);
  }

  /** Until the flush must begin of what was written at this time. */
  #left(since: number, now: number): number {
    return Math.max(0, since + this.options.withinMs - this.#takes - now);
  }

  /** The recorder slept: what it is woken for was written just now. */
  slept(): void {
    this.#clean = undefined;
  }

  /** Makes durable all that was written when it is called. */
  flush(now: number): void {
    const written = Atomics.load(this.words, this.#at.written);
    // Read after `written`: a frame's segment is announced before the frame is counted.
    const segment = Atomics.load(this.words, this.#at.segment);
    for (let index = this.#sealed + 1; index <= segment; index++) {
      const fd = this.#file(index);
      this.#copy?.copy(index, fd);
      fdatasyncSync(fd);
    }
    if (this.#copy) tellEnd(this.words, this.#at, this.#copy.end);
    Atomics.store(this.words, this.#at.flushed, written);
    bump(this.words, TICK);
    this.#takes = Math.max(performance.now() - now, this.#takes * forgets);
    // What came meanwhile came after `written` was read.
    this.#since = now;
    while (this.#sealed + 1 < segment) this.#seal();
  }

  /** One small step of what need not happen at once. False when there is none. */
  work(now: number): boolean {
    if (this.done) return false;
    if (Atomics.load(this.words, this.#at.closed) > 0) this.#finish();
    if (this.#sealing.length > 0) this.#hash();
    else if (this.#trimmed) {
      this.done = true;
      this.tell({ kind: "closed", log: this.log });
    } else if (!this.#wants() || now < this.#retryAt) return false;
    else if (this.#yields()) {
      this.#retryAt = now + yieldMs;
      return false;
    } else this.#make(now);
    return true;
  }

  /** On a disk that is nearly full the last room is the trail's: nothing is let in without it, recorded or not. */
  #yields(): boolean {
    return this.#before.some(({ short }) => Atomics.load(this.words, short) === 1);
  }

  /** Whether there is something to do for another segment. One that is whole waits for its stage. */
  #wants(): boolean {
    const ready = Atomics.load(this.words, this.#at.ready);
    if (ready >= Atomics.load(this.words, this.#at.wanted)) return false;
    return !this.#provision?.whole || this.#isFree(ready + 1);
  }

  /** A stage serves the next segment only when all of its last is copied. */
  #isFree(index: number): boolean {
    return this.#copy === undefined || index - stageCount <= this.#sealed;
  }

  #make(now: number): void {
    const index = Atomics.load(this.words, this.#at.ready) + 1;
    const { dir, magic, segmentBytes } = this.options;
    const stage = this.#copy !== undefined && this.#stages < Math.min(index, stageCount);
    try {
      this.#provision ??= stage
        ? new Provision(join(dir, stageName(index)), stageMagic, segmentBytes)
        : new Provision(join(dir, segmentName(index)), magic, segmentBytes);
      if (!this.#provision.whole) {
        Atomics.store(this.words, this.#at.short, 1);
        if (!this.#provision.step()) return;
        Atomics.store(this.words, this.#at.short, 0);
      }
    } catch (error) {
      this.#retryAt = now + retryMs;
      if (!this.#stuck) this.tell({ kind: "stuck", log: this.log, why: String((error as Error).message) });
      this.#stuck = true;
      return;
    }
    this.#stuck = false;
    if (!stage && !this.#isFree(index)) return;
    const { fd } = this.#provision;
    this.#provision = undefined;
    if (stage) {
      this.#stages++;
      return closeSync(fd);
    }
    this.#files.set(index, fd);
    syncDirectory(dir);
    Atomics.store(this.words, this.#at.ready, index);
    bump(this.words, TICK);
  }

  #seal(): void {
    const segment = ++this.#sealed;
    const fd = this.#file(segment);
    this.#files.delete(segment);
    if (this.options.seals)
      this.#sealing.push({ segment, fd, hash: new Bun.CryptoHasher("sha256"), bytes: 0 });
    else closeSync(fd);
  }

  #hash(): void {
    const sealing = this.#sealing[0]!;
    const read = readSync(sealing.fd, window, 0, window.length, sealing.bytes);
    sealing.bytes += read;
    if (read > 0) {
      sealing.hash.update(window.subarray(0, read));
      return;
    }
    this.#sealing.shift();
    closeSync(sealing.fd);
    const { segment, bytes } = sealing;
    this.tell({ kind: "sealed", log: this.log, segment, bytes, sha256: sealing.hash.digest("hex") });
  }

  /** After the last frame: cuts the last segment to what is used, removes what was made ahead. */
  #finish(): void {
    if (this.#trimmed) return;
    this.#trimmed = true;
    const segment = Atomics.load(this.words, this.#at.segment);
    const used = Atomics.load(this.words, this.#at.closed) - 1;
    if (segment > 0) {
      this.flush(performance.now());
      ftruncateSync(this.#file(segment), used);
      fsyncSync(this.#file(segment));
      this.#seal();
    }
    this.#provision?.abandon();
    for (const [index, fd] of this.#files) {
      closeSync(fd);
      unlinkSync(join(this.options.dir, segmentName(index)));
    }
    this.#files.clear();
    for (let stage = 1; stage <= this.#stages; stage++) {
      const path = join(this.options.dir, stageName(stage));
      // Who has it mapped would keep its room from the disk.
      truncateSync(path);
      unlinkSync(path);
    }
  }

  #file(index: number): number {
    return this.#files.get(index)!;
  }
}

/** A new file's name outlives a power cut only once its folder is flushed. */
function syncDirectory(dir: string): void {
  const fd = openSync(dir, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
