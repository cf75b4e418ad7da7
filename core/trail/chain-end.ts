import { genesis, link } from "./chain.ts";
import type { Head } from "./entry.ts";
import { END, frameBytes, headerBytes, lengthBytes } from "./segment.ts";

/** How far a chain is made: the hash of its last entry, and where the next one stands. */
export class ChainEnd {
  seq = 0;
  segment = 1;
  offset = headerBytes;
  readonly hash: Uint8Array;

  constructor(readonly stream: string) {
    this.hash = genesis(stream).slice();
  }

  get head(): Head {
    return { stream: this.stream, seq: this.seq, hash: Buffer.from(this.hash).toString("hex") };
  }

  /** Goes on from another end of the same chain. */
  take(seq: number, segment: number, offset: number, hash: Uint8Array): void {
    this.seq = seq;
    this.segment = segment;
    this.offset = offset;
    this.hash.set(hash);
  }

  /** A copy of whole frames of a stage, from this end on: each gets its hash in the place of its check. */
  link(frames: Buffer): void {
    for (let at = 0; at < frames.length; ) {
      const length = frames.readInt32LE(at);
      if (length === END) {
        this.segment++;
        this.offset = headerBytes;
        return;
      }
      link(this.hash, new Uint8Array(frames.buffer, frames.byteOffset + at + lengthBytes, length));
      this.seq++;
      this.offset += frameBytes(length);
      at += frameBytes(length);
    }
  }
}
