import type { Wire } from "./wire.ts";

/** Bytes one way, with none the other way, from which on a stream is bulk. What a caller waits for is seldom so long. */
const bulk = 256 * 1024;
/** A read of fewer is small. */
const small = 64 * 1024;
const napMs = 1;

/** What a flow is part of: told of what concerns the other direction too. */
export interface FlowOwner {
  close(): void;
  fail(error: unknown): void;
  /** What waits has come to more than `buffer` bytes. */
  bounded(): void;
}

/** A source that is read as long as its target takes what comes of it. */
export class Flow {
  over = false;
  /** The other direction, which writes to this one's source. */
  opposite: Flow | undefined;
  /** Why the source is paused; it is resumed when none is left. */
  #full = false;
  #slow = false;
  #recording = false;
  #napping = false;
  /** Bytes since something went the other way, or since a nap was in vain. */
  #oneWay = 0;
  /** The next read is the first behind a nap. */
  #rested = false;

  constructor(
    readonly source: Wire,
    readonly target: Wire,
    /** Bytes that may wait. */
    readonly buffer: number,
    readonly passed: ((bytes: Uint8Array) => Promise<void> | undefined) | undefined,
    readonly owner: FlowOwner,
  ) {}

  drained(): void {
    this.#slow = false;
    this.go();
  }

  protected send(bytes: Uint8Array): void {
    if (this.opposite) this.opposite.#oneWay = 0;
    this.target.write(bytes);
    const kept = this.passed?.(bytes);
    if (kept) {
      this.#recording = true;
      this.source.pause();
      kept.then(() => {
        this.#recording = false;
        this.go();
      });
    }
    if (this.target.backlog > this.buffer) {
      if (!this.#slow) this.owner.bounded();
      this.#slow = true;
      this.source.pause();
    }
  }

  /** So many bytes wait for a word of somebody else's. */
  protected waits(bytes: number): void {
    if (bytes <= this.buffer) return;
    if (!this.#full) this.owner.bounded();
    this.#full = true;
    this.source.pause();
  }

  protected waitsNoMore(): void {
    this.#full = false;
  }

  protected go(): void {
    const held = this.#full || this.#slow || this.#recording || this.#napping;
    if (!held && !this.over) this.source.resume();
  }

  /**
   * A read of so many bytes is done with. A server that writes bulk in small pieces wakes its reader at each of them: behind
   * a small one the next read waits a millisecond, in which more comes together. When that was in vain, it is left for as
   * long as it takes to be bulk again.
   */
  protected took(bytes: number): void {
    this.#oneWay += bytes;
    // What it came to may have ended both wires, which are read on until the other side is done.
    if (this.over || this.#oneWay < bulk) return;
    const rested = this.#rested;
    this.#rested = false;
    if (bytes >= small) return;
    if (rested) this.#oneWay = 0;
    else this.#nap();
  }

  #nap(): void {
    this.#napping = true;
    this.source.pause();
    setTimeout(() => {
      this.#napping = false;
      this.#rested = true;
      this.go();
    }, napMs);
  }
}
