import { createHash } from "node:crypto";

/** What moved between a file and the caller in one direction. */
export class Moved {
  bytes = 0;
  #hash = createHash("sha256");
  #next: number | undefined;
  #inOrder = true;

  /** `pieces` hold `length` bytes of content from `skip` on, which belong at `offset` of the file. */
  add(offset: number, pieces: readonly Buffer[], skip: number, length: number): void {
    this.bytes += length;
    if (!this.#inOrder) return;
    if (this.#next !== undefined && offset !== this.#next) {
      this.#inOrder = false;
      return;
    }
    this.#next = offset + length;
    let left = skip;
    for (const piece of pieces) {
      if (left < piece.length) this.#hash.update(left === 0 ? piece : piece.subarray(left));
      left = Math.max(0, left - piece.length);
    }
  }

  /** Something moved that was not seen, or not as it was sent. */
  broken(): void {
    this.#inOrder = false;
  }

  /** SHA-256 (hex) of all of it; undefined: it did not move in order, so it is no hash of the file's content. Once. */
  sha256(): string | undefined {
    return this.#inOrder ? this.#hash.digest("hex") : undefined;
  }
}
