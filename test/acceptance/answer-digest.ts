import { createHash } from "node:crypto";
import type { RawClient } from "../raw.ts";

/** Reads one answer up to ReadyForQuery without keeping it, and stops for a moment after each piece. */
export class AnswerDigest {
  readonly #hash = createHash("sha256");
  readonly #header = Buffer.alloc(5);
  #headed = 0;
  #left = 0;
  #type = "";
  #sincePause = 0;
  bytes = 0;
  /** Of all messages but RowDescription, which names tables by number. */
  readonly value: Promise<string>;
  #done: (value: string) => void = () => {};

  constructor(
    readonly client: RawClient,
    /** Bytes between two stops. */
    readonly piece: number,
    readonly stopped: () => void = () => {},
  ) {
    this.value = new Promise((resolve) => {
      this.#done = resolve;
    });
    client.stream((chunk) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#sincePause += chunk.length;
    for (let at = 0; at < chunk.length; ) {
      if (this.#left === 0) at = this.#head(chunk, at);
      const end = Math.min(chunk.length, at + this.#left);
      if (this.#type !== "T") this.#hash.update(chunk.subarray(at, end));
      this.#left -= end - at;
      at = end;
      if (this.#left === 0 && this.#headed === 0 && this.#type === "Z") this.#done(this.#hash.digest("hex"));
    }
    if (this.#sincePause < this.piece) return;
    this.#sincePause = 0;
    this.client.pause();
    this.stopped();
    setTimeout(() => this.client.resume(), 5);
  }

  #head(chunk: Buffer, at: number): number {
    const took = chunk.copy(this.#header, this.#headed, at, at + 5 - this.#headed);
    this.#headed += took;
    if (this.#headed < 5) return at + took;
    this.#headed = 0;
    this.#type = String.fromCharCode(this.#header[0] as number);
    this.#left = this.#header.readUInt32BE(1) - 4;
    if (this.#type !== "T") this.#hash.update(this.#header);
    return at + took;
  }
}
