import type { PosternError } from "../error.ts";
import type { Recording } from "../guardrail.ts";
import type { Beginning } from "../recording/beginning.ts";
import { json, kinds, placed } from "./recording-frame.ts";
import type { Recordings } from "./recordings.ts";

/** Beginnings that a recording keeps at a time, and so does who reads it. */
const mostBeginnings = 256;

/** One session's recording: numbers its frames, and knows what of it is kept back by a slow disk. */
export class SessionRecording implements Recording {
  readonly began = performance.now();
  /** Bytes and frames kept back. */
  kept = 0;
  #frames = 0;
  pausedSince = 0;
  failed: PosternError | undefined;
  #paused: PromiseWithResolvers<void> | undefined;
  #closed = false;
  /** Where the beginnings that were written stand. */
  #places: Map<Beginning, number> | undefined;
  /** The one that was used last. */
  #beginning: Beginning | undefined;
  #place = 0;

  constructor(
    private readonly recordings: Recordings,
    readonly id: string,
    readonly session: string,
    readonly number: number,
  ) {}

  event(name: string, data: unknown): Promise<void> | undefined {
    return this.recordings.write(this, kinds.event, json({ name, data }));
  }

  again(beginning: Beginning, rest: Buffer, length: number): Promise<void> | undefined {
    if (beginning !== this.#beginning) {
      this.#place = this.#places?.get(beginning) ?? this.#begin(beginning);
      this.#beginning = beginning;
    }
    return this.recordings.again(this, this.#place, rest, length);
  }

  /** Its place, once it is written. What comes behind it waits where it has to wait, and is told why should it fail. */
  #begin(beginning: Beginning): number {
    this.#places ??= new Map();
    if (this.#places.size >= mostBeginnings) this.#places.clear();
    const place = this.#places.size;
    this.#places.set(beginning, place);
    this.recordings.write(this, kinds.beginning, placed(place, beginning.bytes))?.catch(() => undefined);
    return place;
  }

  bytes(data: Uint8Array): Promise<void> | undefined {
    return this.recordings.write(this, kinds.bytes, data);
  }

  /** Marks the end. Nothing may follow. */
  close(): void {
    if (this.#closed || this.failed) return;
    this.#closed = true;
    this.recordings.write(this, kinds.end, new Uint8Array(0))?.catch(() => undefined);
  }

  keep(bytes: number, now: number): Promise<void> {
    if (!this.#paused) {
      this.#paused = Promise.withResolvers();
      // A failure also reaches the session through onFault; nobody need be listening here.
      this.#paused.promise.catch(() => undefined);
      this.pausedSince = now;
    }
    this.kept += bytes;
    this.#frames++;
    return this.#paused.promise;
  }

  release(bytes: number, whole: boolean): void {
    this.kept -= bytes;
    if (whole && --this.#frames === 0) {
      this.#paused?.resolve();
      this.#paused = undefined;
    }
  }

  fail(error: PosternError): void {
    this.failed = error;
    this.#paused?.reject(error);
    this.#paused = undefined;
  }
}
