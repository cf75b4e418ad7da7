import { PosternError } from "./error.ts";
import type { Codec, Cursor } from "./pump.ts";
import type { Wire, WireSink } from "./wire.ts";

/** A scratch buffer that one large chunk has grown is given back. */
const keptScratch = 1024 * 1024;
const firstScratch = 16 * 1024;
const none: Buffer = Buffer.alloc(0);
const nothing: readonly Uint8Array[] = [];
/** The one that was used last and is free: what is put together is sent before anything else is, in any session. */
let spare = none;

/** What a lane is part of: told of what concerns the other direction too. */
export interface LaneOwner {
  close(): void;
  fail(error: unknown): void;
  /** What waits has come to more than `buffer` bytes. */
  bounded(): void;
}

/** One direction of a pump: a source, whose sink it is, a codec, a target. */
export class Lane implements Cursor, WireSink {
  view: Buffer = none;
  at = 0;
  end = 0;
  endsAtOnce = false;
  over = false;
  /** The other direction, which writes to this one's source. */
  opposite: Lane | undefined;
  #runStart = 0;
  #forwarding = 0;
  #dropping = 0;
  #needed = 0;
  #stalled = false;
  /** Stalled for a moment: what went through is kept until it goes on. */
  #keeping = false;
  #working = false;
  #closing = false;
  /** Only while something is put together. */
  #scratch = none;
  #filled = 0;
  #injected: readonly Uint8Array[] = nothing;
  /** Chunks of a message that is needed whole, joined once it is. */
  #later: Buffer[] = [];
  #laterBytes = 0;
  /** Bytes that were there when the direction stalled; what comes on top of them is bounded. */
  #stalledWith = 0;
  #acted = false;
  /** Why the source is paused; it is resumed when none is left. */
  #full = false;
  #slow = false;
  #recording = false;

  constructor(
    readonly source: Wire,
    readonly target: Wire,
    readonly codec: Codec,
    readonly buffer: number,
    readonly passed: ((bytes: Uint8Array) => Promise<void> | undefined) | undefined,
    readonly owner: LaneOwner,
  ) {}

  get atBoundary(): boolean {
    return this.#forwarding === 0;
  }

  data(chunk: Buffer): void {
    if (this.over) return;
    const left = this.end - this.at;
    this.#laterBytes += chunk.length;
    if (left + this.#laterBytes < this.#needed) {
      this.#later.push(chunk);
      return;
    }
    if (left === 0 && this.#later.length === 0) this.view = chunk;
    else this.view = Buffer.concat([this.view.subarray(this.at, this.end), ...this.#later, chunk]);
    if (this.#later.length > 0) this.#later = [];
    this.#laterBytes = 0;
    this.at = 0;
    this.#runStart = 0;
    this.end = this.view.length;
    if (this.#stalled) {
      this.codec.waiting?.(this.view);
      if (!this.over) this.#bound();
    } else this.#work();
  }

  close(): void {
    this.#closing = true;
    if (this.over) return;
    if (!this.#stalled || this.endsAtOnce) this.#finish();
  }

  /** The source takes bytes again, which the other direction has for it. */
  drain(): void {
    this.opposite?.drained();
  }

  drained(): void {
    this.#slow = false;
    this.#go();
  }

  unstall(): void {
    if (!this.#stalled || this.over) return;
    this.#stalled = false;
    this.#keeping = false;
    if (this.#working) return;
    this.#full = false;
    this.#work();
    if (!this.#stalled && this.#closing) this.#finish();
    else this.#go();
  }

  inject(bytes: Uint8Array): void {
    if (this.over) return;
    if (!this.atBoundary) this.#injected = [...this.#injected, bytes.slice()];
    else if (this.#working) this.insert(bytes);
    else {
      // What is kept came before it.
      this.flush();
      this.#send(bytes);
    }
  }

  forward(length: number): void {
    this.#acted = true;
    this.#needed = 0;
    this.#forwarding = length;
    this.#advance();
  }

  drop(length: number): void {
    this.#acted = true;
    this.#needed = 0;
    this.#cut();
    this.#dropping = length;
    this.#advance();
    this.#runStart = this.at;
  }

  replace(length: number, bytes: Uint8Array): void {
    this.#acted = true;
    this.#needed = 0;
    this.#cut();
    this.#put(bytes);
    this.at += length;
    this.#runStart = this.at;
  }

  need(length: number): void {
    this.#acted = true;
    this.#needed = length;
  }

  stall(): void {
    this.#acted = true;
    this.#needed = 0;
    this.#stalled = true;
  }

  pause(): void {
    this.stall();
    this.#keeping = true;
  }

  insert(bytes: Uint8Array): void {
    this.#cut();
    this.#put(bytes);
  }

  /** Writes what this chunk has come to, as one write. */
  flush(): void {
    if (this.#filled === 0) {
      if (this.at > this.#runStart) this.#send(this.#run());
    } else {
      this.#cut();
      const bytes = this.#scratch.subarray(0, this.#filled);
      this.#filled = 0;
      this.#send(bytes);
      if (this.#scratch.length <= keptScratch) spare = this.#scratch;
      this.#scratch = none;
    }
    this.#runStart = this.at;
  }

  #work(): void {
    this.#working = true;
    try {
      if (this.#forwarding > 0) {
        this.codec.passing?.(this.view, this.at, Math.min(this.end, this.at + this.#forwarding));
      }
      this.#advance();
      while (this.at < this.end && !this.#stalled && !this.over) {
        if (this.#forwarding === 0 && this.#injected.length > 0) this.#release();
        if (this.#needed > this.end - this.at) break;
        this.#acted = false;
        this.codec.decode(this);
        if (!this.#acted && !this.over) {
          throw new PosternError("relay.stuck", "A codec neither consumed a message nor asked for more.");
        }
      }
      if (this.#forwarding === 0 && this.#injected.length > 0) this.#release();
    } catch (error) {
      this.#stalled = true;
      this.owner.fail(error);
    } finally {
      this.#working = false;
    }
    if (this.#keeping) this.#cut();
    else this.flush();
    if (this.at === this.end) {
      // A session that rests keeps no chunk.
      this.view = none;
      this.at = 0;
      this.end = 0;
      this.#runStart = 0;
    }
    if (this.#stalled) this.#stalledWith = this.end - this.at;
  }

  #advance(): void {
    const here = this.end - this.at;
    if (this.#forwarding > 0) {
      const step = Math.min(this.#forwarding, here);
      this.at += step;
      this.#forwarding -= step;
    } else if (this.#dropping > 0) {
      const step = Math.min(this.#dropping, here);
      this.at += step;
      this.#dropping -= step;
      this.#runStart = this.at;
    }
  }

  #release(): void {
    for (const bytes of this.#injected) this.insert(bytes);
    this.#injected = nothing;
  }

  /** The forwarded bytes before `at`: mostly all of a chunk, which then needs no view of its own. */
  #run(): Buffer {
    const whole = this.#runStart === 0 && this.at === this.view.length;
    return whole ? this.view : this.view.subarray(this.#runStart, this.at);
  }

  /** Moves the run of forwarded bytes before `at` into the scratch buffer. */
  #cut(): void {
    if (this.at > this.#runStart) this.#put(this.view.subarray(this.#runStart, this.at));
    this.#runStart = this.at;
  }

  #put(bytes: Uint8Array): void {
    const length = this.#filled + bytes.length;
    if (this.#scratch.length === 0) {
      this.#scratch = spare;
      spare = none;
    }
    if (length > this.#scratch.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, this.#scratch.length * 2, firstScratch));
      this.#scratch.copy(grown, 0, 0, this.#filled);
      this.#scratch = grown;
    }
    this.#scratch.set(bytes, this.#filled);
    this.#filled = length;
  }

  #send(bytes: Uint8Array): void {
    this.target.write(bytes);
    const kept = this.passed?.(bytes);
    if (kept) {
      this.#recording = true;
      this.source.pause();
      kept.then(() => {
        this.#recording = false;
        this.#go();
      });
    }
    if (this.target.backlog > this.buffer) {
      if (!this.#slow) this.owner.bounded();
      this.#slow = true;
      this.source.pause();
    }
  }

  #bound(): void {
    if (this.end - this.at - this.#stalledWith > this.buffer) {
      if (!this.#full) this.owner.bounded();
      this.#full = true;
      this.source.pause();
    }
  }

  #go(): void {
    if (!this.#full && !this.#slow && !this.#recording && !this.over) this.source.resume();
  }

  #finish(): void {
    if (this.over) return;
    this.codec.ended();
    this.owner.close();
  }
}
