import type { PosternError } from "../error.ts";
import type { Recording } from "../guardrail.ts";
import { json, kinds } from "./recording-frame.ts";
import type { Recordings } from "./recordings.ts";

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

  constructor(
    private readonly recordings: Recordings,
    readonly id: string,
    readonly session: string,
    readonly number: number,
  ) {}

  event(name: string, data: unknown): Promise<void> | undefined {
    return this.recordings.write(this, kinds.event, json({ name, data }));
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
