import { headerSize } from "../wire/message.ts";

/** A longer message is not shown, only its length, in bytes. */
const longest = 4 * 1024 * 1024;

/** Takes a stream in chunks of any size and gives whole messages. */
export class MessageStream {
  #pending: Buffer = Buffer.alloc(0);
  #skip = 0;

  /** `take` gets the body as a view; undefined: it is longer than is shown. */
  feed(chunk: Uint8Array, take: (type: number, body: Buffer | undefined, length: number) => void): void {
    const skipped = Math.min(this.#skip, chunk.length);
    this.#skip -= skipped;
    const view = Buffer.concat([this.#pending, chunk.subarray(skipped)]);
    let at = 0;
    while (view.length - at >= headerSize) {
      const length = Math.max(view.readUInt32BE(at + 1) - 4, 0);
      const type = view.readUInt8(at);
      const end = at + headerSize + length;
      if (length > longest) {
        take(type, undefined, length);
        this.#skip = Math.max(0, end - view.length);
        at = Math.min(end, view.length);
        continue;
      }
      if (end > view.length) break;
      take(type, view.subarray(at + headerSize, end), length);
      at = end;
    }
    this.#pending = view.subarray(at);
  }
}
