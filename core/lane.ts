import { free } from "./collect.ts";
import { PosternError } from "./error.ts";
import { Flow, type FlowOwner } from "./flow.ts";
import type { Codec, Cursor } from "./pump.ts";
import { giveBack, noBytes as none, roomFor } from "./scratch.ts";
import type { Wire, WireSink } from "./wire.ts";

const nothing: readonly Uint8Array[] = [];
/** Of a smaller chunk all is joined with what is left of the one before. */
const largeChunk = 4096;

/** One direction of a pump: a source, whose sink it is, a codec, a target. */
export class Lane extends Flow implements Cursor, WireSink {
  view: Buffer = none;
  at = 0;
  end = 0;
  endsAtOnce = false;
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

  constructor(
    source: Wire,
    target: Wire,
    readonly codec: Codec,
    buffer: number,
    passed: ((bytes: Uint8Array) => Promise<void> | undefined) | undefined,
    owner: FlowOwner,
  ) {
    super(source, target, buffer, passed, owner);
  }

  get atBoundary(): boolean {
    return this.#forwarding === 0;
  }

  data(chunk: Buffer): void {
    if (this.over) return;
    // Once it is given back, it has none.
    const { length } = chunk;
    this.#laterBytes += length;
    const all = this.end - this.at + this.#laterBytes;
    if (all < this.#needed) {
      this.#later.push(chunk);
      return;
    }
    if (all === length) this.#take(chunk, 0);
    else if (this.#stalled || length < largeChunk) this.#take(this.#joined(chunk), 0);
    else this.#join(chunk);
    this.took(length);
  }

  /** What is left of earlier chunks, and this. */
  #joined(chunk: Buffer): Buffer {
    const joined = Buffer.concat([this.view.subarray(this.at, this.end), ...this.#later, chunk]);
    if (this.#later.length > 0) this.#later = [];
    return joined;
  }

  /** Only the message that was cut in two is put together; the rest of the chunk is read where it is. */
  #join(chunk: Buffer): void {
    let from = 0;
    this.#laterBytes -= chunk.length;
    while (this.at < this.end && !this.#stalled && !this.over) {
      const missing = this.#needed - (this.end - this.at) - this.#laterBytes;
      if (missing > chunk.length - from) break;
      this.#view(this.#joined(chunk.subarray(from, from + missing)), 0);
      from += missing;
      this.#decode();
      this.#cut();
    }
    if (this.at === this.end && !this.#stalled && from < chunk.length) return this.#take(chunk, from);
    this.#view(this.#joined(chunk.subarray(from)), 0);
    this.#settle();
  }

  #view(view: Buffer, at: number): void {
    this.view = view;
    this.#laterBytes = 0;
    this.at = at;
    this.#runStart = at;
    this.end = view.length;
  }

  #take(view: Buffer, at: number): void {
    this.#view(view, at);
    if (this.#stalled) {
      this.codec.waiting?.(this.view);
      if (!this.over) this.waits(this.end - this.at - this.#stalledWith);
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

  unstall(): void {
    if (!this.#stalled || this.over) return;
    this.#stalled = false;
    this.#keeping = false;
    if (this.#working) return;
    this.waitsNoMore();
    this.#work();
    if (!this.#stalled && this.#closing) this.#finish();
    else this.go();
  }

  inject(bytes: Uint8Array): void {
    if (this.over) return;
    if (!this.atBoundary) this.#injected = [...this.#injected, Buffer.from(bytes)];
    else if (this.#working) this.insert(bytes);
    else {
      // What is kept came before it.
      this.flush();
      this.send(bytes);
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
      if (this.at > this.#runStart) this.send(this.#run());
    } else {
      this.#cut();
      const bytes = this.#scratch.subarray(0, this.#filled);
      this.#filled = 0;
      this.send(bytes);
      giveBack(this.#scratch);
      this.#scratch = none;
    }
    this.#runStart = this.at;
  }

  #work(): void {
    this.#decode();
    this.#settle();
  }

  #decode(): void {
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
  }

  #settle(): void {
    if (this.#keeping) this.#cut();
    else this.flush();
    if (this.#stalled) this.#stalledWith = this.end - this.at;
    if (this.at === this.end) {
      const { view } = this;
      // A session that rests keeps no chunk.
      this.#view(none, 0);
      if (this.codec.keepsNothing) free(view);
    } else if (this.codec.keepsNothing && !this.#stalled && this.view.length >= largeChunk) this.#keepTail();
  }

  /** The beginning of a message keeps no chunk either. */
  #keepTail(): void {
    const { view, at, end } = this;
    if (end - at > view.length / 2) return;
    this.#view(Buffer.from(view.subarray(at, end)), 0);
    free(view);
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
    if (length > this.#scratch.length) this.#scratch = roomFor(length, this.#scratch, this.#filled);
    this.#scratch.set(bytes, this.#filled);
    this.#filled = length;
  }

  #finish(): void {
    if (this.over) return;
    this.codec.ended();
    this.owner.close();
  }
}
