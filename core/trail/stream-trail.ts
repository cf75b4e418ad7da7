import { PosternError } from "../error.ts";
import type { Recording } from "../guardrail.ts";
import { checkpointMs } from "./chain.ts";
import type { ChainWriter } from "./chain-writer.ts";
import type { RecorderMessage } from "./control.ts";
import type { Entry } from "./entry.ts";
import type { AppendLog } from "./log.ts";
import { Pulse } from "./pulse.ts";
import type { Recordings } from "./recordings.ts";
import { admits } from "./room.ts";
import { segmentName } from "./segment.ts";
import type { RecorderThreads } from "./thread.ts";
import type { Trail } from "./trail.ts";
import { lateError, type Watermark } from "./watermark.ts";

/** How the trail of this process is doing. */
export interface TrailStatus {
  readonly state: "ok" | "late" | "full" | "dead";
  /** Entries written and not yet flushed. */
  readonly unflushed: number;
}

export interface StreamTrailParts {
  readonly stream: string;
  readonly strict: boolean;
  readonly lateMs: number;
  readonly threads: RecorderThreads;
  readonly log: AppendLog;
  readonly chain: ChainWriter;
  readonly watermark: Watermark;
  readonly recordings: Recordings;
  onFault(error: PosternError, session?: string): void;
}

const tickMs = 100;

/** The trail of one process: its chain, its recording log, and the recorder threads behind them. */
export class StreamTrail implements Trail {
  readonly strict: boolean;
  readonly stream: string;
  /** The recorders behind it. Only tests of their death touch them. */
  readonly threads: RecorderThreads;
  readonly #parts: StreamTrailParts;
  readonly #pulse: Pulse;
  /** While something is not flushed, signed or let go. */
  #timer: ReturnType<typeof setInterval> | undefined;
  #told: (rests: boolean) => void = () => {};
  readonly #closed = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  #dead: PosternError | undefined;
  /** Set by close: not even an ending may follow. */
  #ended: PosternError | undefined;
  #full = false;
  #asking = false;
  /** Entries of our own that found no room yet. */
  #owed: Entry[] = [];

  constructor(parts: StreamTrailParts) {
    this.#parts = parts;
    this.strict = parts.strict;
    this.stream = parts.stream;
    this.threads = parts.threads;
    this.#pulse = new Pulse(parts.threads.words, () => this.#beat());
    for (const { promise } of this.#closed) promise.catch(() => undefined);
  }

  /** Of the last entry. */
  get seq(): number {
    return this.#parts.chain.seq;
  }

  get status(): TrailStatus {
    const { watermark, log } = this.#parts;
    watermark.refresh(performance.now());
    const state = this.#dead ? "dead" : watermark.late ? "late" : this.#full ? "full" : "ok";
    return { state, unflushed: log.count - watermark.flushed };
  }

  /** Told now and at each change: whether all that was written is flushed and signed, and nothing more comes for now. */
  watchRest(told: (rests: boolean) => void): void {
    this.#told = told;
    told(this.#timer === undefined);
  }

  /** There is something to flush, sign or let go: until it is done the clock is looked at. */
  stir(): void {
    if (this.#timer !== undefined || this.#ended) return;
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
    this.#told(false);
  }

  append(entry: Entry, again = false, now = performance.now()): number {
    const { watermark, chain, log } = this.#parts;
    if (admits(entry.kind)) this.#refuseNew(now);
    if (this.#ended) throw this.#ended;
    try {
      const seq = chain.append(entry, Date.now(), again);
      this.#full = false;
      return seq;
    } catch (error) {
      this.#full = error instanceof PosternError && error.code === "trail.full";
      throw error;
    } finally {
      watermark.appended(log.count, now);
      if (this.strict && entry.kind === "operation") this.#askAhead();
    }
  }

  durable(seq: number): Promise<void> | undefined {
    if (this.#dead) return Promise.reject(this.#dead);
    const waiting = this.#parts.watermark.durable(seq, performance.now());
    if (waiting) this.#pulse.ensure();
    return waiting;
  }

  record(session: string): Recording & { close(): void } {
    return this.#parts.recordings.open(session);
  }

  /** Ends the stream with a `stop` entry and a checkpoint; all of it is durable when this resolves. */
  async close(reason = "stopped"): Promise<void> {
    const { recordings, chain, log, threads } = this.#parts;
    try {
      if (this.#dead) return;
      recordings.close();
      if (threads.started(1)) await this.#closed[1].promise;
      this.append({ kind: "stop", reason });
      chain.checkpoint(Date.now());
      this.#ended = closedError();
      log.close();
      await this.#closed[0].promise;
    } finally {
      this.#ended ??= closedError();
      clearInterval(this.#timer);
      await threads.stop();
    }
  }

  /** Signs the head now. */
  sign(): void {
    const { chain, watermark, log } = this.#parts;
    chain.checkpoint(Date.now());
    watermark.appended(log.count, performance.now());
  }

  /** A recording is kept back: go on with it when the recorder has done something. */
  expect(): void {
    this.stir();
    this.#pulse.ensure();
  }

  /** What a recorder thread says. */
  said(message: RecorderMessage): void {
    const { stream } = this;
    if (message.kind === "failed") this.fail(message.why);
    else if (message.kind === "closed") this.#closed[message.log as 0 | 1].resolve();
    else if (message.kind === "sealed") {
      const { sha256, bytes } = message;
      const file = `recordings/${stream}/${segmentName(message.segment)}`;
      this.#owed.push({ kind: "segment", file, sha256, bytes });
      this.stir();
      this.#settle();
    }
  }

  /** Nothing becomes durable any more: whoever waits is told, nothing new is admitted. */
  fail(why: string): void {
    if (this.#dead) return;
    this.#dead = new PosternError("trail.dead", `The audit trail cannot be written any more: ${why}.`, {
      hint: "Nothing passes without a trail: look at the disk and restart the gateway.",
    });
    this.#parts.watermark.reject(this.#dead);
    this.#parts.recordings.fail(this.#dead);
    for (const { reject } of this.#closed) reject(this.#dead);
    this.#parts.onFault(this.#dead);
  }

  #refuseNew(now: number): void {
    if (this.#dead) throw this.#dead;
    this.#parts.watermark.judge(now);
    if (this.#parts.watermark.late) throw lateError(this.#parts.lateMs);
  }

  /**
   * The answer will wait for it: the disk works while the resource does. Where many are at work, one flush for all that
   * this turn of the loop brings: begun for the first alone, it would keep the others waiting for the next.
   */
  #askAhead(): void {
    const { watermark } = this.#parts;
    if (!watermark.crowded) return watermark.ask();
    if (this.#asking) return;
    this.#asking = true;
    setImmediate(() => {
      this.#asking = false;
      watermark.ask();
    });
  }

  #settle(): void {
    try {
      for (let entry = this.#owed[0]; entry; entry = this.#owed[0]) {
        this.append(entry);
        this.#owed.shift();
      }
    } catch (error) {
      if (!this.#full) throw error;
    }
  }

  #beat(): boolean {
    const { watermark, recordings } = this.#parts;
    watermark.refresh(performance.now());
    return recordings.beat(performance.now()) || watermark.waiting;
  }

  #tick(): void {
    const { watermark, recordings, chain, log } = this.#parts;
    const now = performance.now();
    watermark.judge(now);
    recordings.judge(now);
    if (this.#ended) return;
    this.#settle();
    chain.checkpoint(Date.now(), checkpointMs);
    watermark.appended(log.count, now);
    if (this.#owed.length > 0 || !chain.signed || watermark.behind || !recordings.settled) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#told(true);
  }
}

function closedError(): PosternError {
  return new PosternError("trail.dead", "The audit trail is closed.");
}
