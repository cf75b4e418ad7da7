import type { Answer, IntakeLimit, Reason } from "../../../core/plugin.ts";
import { reasonOf } from "./framing.ts";

const nothing = new Uint8Array(0);

/** What a caller sends in the course of one operation (COPY FROM STDIN): counted, hashed and looked at as it passes. */
export class Intake {
  readonly #hash = new Bun.CryptoHasher("sha256");
  #bytes = 0;
  /** A guardrail saw what must not be kept: nothing more passes, and what did is undone. */
  refused: Reason | undefined;
  readonly limit: IntakeLimit | undefined;

  constructor(readonly answer: Answer | undefined) {
    this.limit = answer?.intake;
  }

  /** Whether a guardrail lets so many bytes more pass. */
  takes(bytes: number): boolean {
    return this.limit === undefined || this.#bytes + bytes <= this.limit.most;
  }

  take(view: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    const bytes = view.subarray(start, end);
    this.#hash.update(bytes);
    if (bytes.length > 0) this.#look(bytes);
  }

  /** No more comes, and the resource has not been told yet. */
  finish(): void {
    this.#look(nothing);
  }

  #look(bytes: Uint8Array): void {
    if (this.refused !== undefined) return;
    try {
      this.answer?.received?.(bytes);
    } catch (error) {
      this.refused = reasonOf(error);
    }
  }

  /** Once, when nothing more comes. */
  close(): { readonly bytes: number; readonly sha256: string } {
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }
}
