import { genesis, hashBytes } from "./chain.ts";

const [first, second] = [0x9e3779b1, 0x85ebca6b];
const sumBytes = 4;

/**
 * What a staged entry has where its hash will be: two sums over its stream, its number and its body. They tell what was
 * written here last from what a power cut left of it, of an older entry or of another stream's. That nobody changed it
 * is for the chain to tell, once it is made.
 */
export class StageCheck {
  readonly #stream: DataView;
  #one = 0;
  #two = 0;

  constructor(stream: string) {
    this.#stream = new DataView(genesis(stream).slice().buffer);
  }

  /** `payload` bytes stand there, the body in its place. */
  put(bytes: DataView, at: number, payload: number, seq: number): void {
    this.#sum(bytes, at + hashBytes, at + payload, seq);
    bytes.setInt32(at, this.#one, true);
    bytes.setInt32(at + sumBytes, this.#two, true);
  }

  /** Whether this is entry `seq`, whole. */
  fits(payload: Uint8Array, seq: number): boolean {
    if (payload.length <= hashBytes) return false;
    const bytes = new DataView(payload.buffer, payload.byteOffset, payload.length);
    this.#sum(bytes, hashBytes, payload.length, seq);
    return bytes.getInt32(0, true) === this.#one && bytes.getInt32(sumBytes, true) === this.#two;
  }

  #sum(bytes: DataView, from: number, to: number, seq: number): void {
    let one = this.#stream.getInt32(0, true) ^ seq;
    let two = this.#stream.getInt32(sumBytes, true) ^ (seq / 2 ** 32) ^ (to - from);
    let at = from;
    for (; at + sumBytes <= to; at += sumBytes) {
      const word = bytes.getInt32(at, true);
      one = Math.imul(one ^ word, first);
      one = (one << 13) | (one >>> 19);
      two = Math.imul((two + word) | 0, second);
      two = (two << 15) | (two >>> 17);
    }
    for (; at < to; at++) {
      const byte = bytes.getUint8(at);
      one = Math.imul(one ^ byte, first);
      two = Math.imul((two + byte) | 0, second);
    }
    this.#one = one ^ (two >>> 15);
    this.#two = two ^ (this.#one >>> 13);
  }
}
