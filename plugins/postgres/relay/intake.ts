import type { IntakeLimit } from "../../../core/plugin.ts";

/** What a caller sends in the course of one operation (COPY FROM STDIN): counted and hashed as it passes. */
export class Intake {
  readonly #hash = new Bun.CryptoHasher("sha256");
  #bytes = 0;

  constructor(readonly limit: IntakeLimit | undefined) {}

  /** Whether a guardrail lets so many bytes more pass. */
  takes(bytes: number): boolean {
    return this.limit === undefined || this.#bytes + bytes <= this.limit.most;
  }

  take(view: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    this.#hash.update(view.subarray(start, end));
  }

  /** Once, when nothing more comes. */
  close(): { readonly bytes: number; readonly sha256: string } {
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }
}
