import { Malformed } from "../keys/fields.ts";
import { bodyAt, type Message, types } from "./message.ts";

/** As OpenSSH's: no message is longer. */
export const longestMessage = 256 * 1024;
/** As much of a message that carries content as has to be looked at: a handle of 256 bytes, offset and length. */
const looked = bodyAt + 4 + 256 + 8 + 4;

/** Cuts what arrives into messages. Content of files is never copied. */
export class Framer {
  #pieces: Buffer[] = [];
  #have = 0;

  /** Bytes of a message that has not arrived in full. */
  get pending(): number {
    return this.#have;
  }

  take(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#have += bytes.length;
  }

  /** The next message that is there in full. Throws Malformed. */
  next(): Message | undefined {
    if (this.#have < 4) return undefined;
    const length = 4 + this.#joined(4).readUInt32BE(0);
    if (length < bodyAt || length > longestMessage)
      throw new Malformed("a message has no length that it may");
    if (this.#have < length) return undefined;
    const type = this.#joined(bodyAt)[4] as number;
    const content = type === types.write || type === types.data;
    const bytes = this.#joined(content ? Math.min(length, looked) : length).subarray(0, length);
    return { type, id: bytes.readUInt32BE(5), bytes, length, pieces: this.#cut(length) };
  }

  /** The first piece, which holds `length` bytes at least. */
  #joined(length: number): Buffer {
    let count = 1;
    for (let have = this.#first.length; have < length; count++) have += this.#pieces[count]?.length ?? 0;
    if (count > 1) this.#pieces.splice(0, count, Buffer.concat(this.#pieces.slice(0, count)));
    return this.#first;
  }

  get #first(): Buffer {
    return this.#pieces[0] as Buffer;
  }

  #cut(length: number): Buffer[] {
    const cut: Buffer[] = [];
    this.#have -= length;
    for (let left = length; left > 0; ) {
      const first = this.#first;
      cut.push(first.subarray(0, left));
      if (first.length > left) this.#pieces[0] = first.subarray(left);
      else this.#pieces.shift();
      left -= Math.min(left, first.length);
    }
    return cut;
  }
}
