import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from "node:fs";

/**
 * A segment is a file of zeros with an eight-byte magic, filled from the front with frames:
 *
 *     length   u32 little-endian, of what follows without padding; 0: nothing here yet
 *     payload  `length` bytes, padded so that the next frame starts at a multiple of four
 *
 * The length word is written last. `END` in its place: the log goes on in the next segment.
 */
export const headerBytes = 8;
export const lengthBytes = 4;
export const END = -1;
export const trailMagic = "ptrail1\n";
export const recordingMagic = "precrd1\n";

/** A frame's place in a segment: length word, payload, padding. */
export function frameBytes(payload: number): number {
  return (lengthBytes + payload + 3) & ~3;
}

/** `000001.seg`. Segments count from 1. */
export function segmentName(index: number): string {
  return `${String(index).padStart(6, "0")}.seg`;
}

export interface MappedSegment {
  readonly bytes: Buffer;
  readonly words: Int32Array;
  readonly view: DataView;
}

/** Maps it shared with the file: what is stored in it outlives the process at once. */
export function mapFile(path: string): MappedSegment {
  const map = Bun.mmap(path, { shared: true });
  return {
    bytes: Buffer.from(map.buffer, 0, map.byteLength),
    words: new Int32Array(map.buffer, 0, map.byteLength >> 2),
    view: new DataView(map.buffer, 0, map.byteLength),
  };
}

const stepBytes = 1 << 20;
const zeros = new Uint8Array(stepBytes);

/**
 * Makes one file for frames in steps of 1 MB, each flushed: a full disk shows here as an error, never as a
 * SIGBUS in the writer, and the later flush of a frame has no block left to allocate.
 */
export class Provision {
  readonly fd: number;
  #at = 0;
  constructor(
    private readonly path: string,
    private readonly magic: string,
    private readonly bytes: number,
  ) {
    this.fd = openSync(path, "wx+", 0o600);
  }

  /** True when the file is whole. Throws what the disk says (ENOSPC); calling again goes on. */
  step(): boolean {
    if (this.#at === 0) this.#at = writeSync(this.fd, this.magic, 0, "latin1");
    const length = Math.min(stepBytes, this.bytes - this.#at);
    this.#at += writeSync(this.fd, zeros, 0, length, this.#at);
    fdatasyncSync(this.fd);
    return this.whole;
  }

  get whole(): boolean {
    return this.#at === this.bytes;
  }

  abandon(): void {
    closeSync(this.fd);
    unlinkSync(this.path);
  }
}
