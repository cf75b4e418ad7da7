/** Bytes that a mark may hold: a status and a path. */
const longest = 16_384;

/**
 * Finds the mark that the remote shell prints behind a command's output: NUL, a token that nobody could know when the
 * command began, what the mark says, NUL. What may be the beginning of one is kept back until it is clear.
 */
export class Marker {
  readonly #begin: Buffer;
  #kept: Buffer = Buffer.alloc(0);

  constructor(token: string) {
    this.#begin = Buffer.from(`\0${token} `);
  }

  /** What is output, and what the mark says once it is there. Nothing is output behind it. */
  read(bytes: Uint8Array): {
    readonly output: Uint8Array;
    readonly said?: string;
    readonly rest?: Uint8Array;
  } {
    const all = this.#kept.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#kept, bytes]);
    this.#kept = Buffer.alloc(0);
    const at = all.indexOf(this.#begin);
    if (at >= 0) {
      const from = at + this.#begin.length;
      const end = all.indexOf(0, from);
      if (end >= 0) {
        const said = all.toString("utf8", from, end);
        return { output: all.subarray(0, at), said, rest: all.subarray(end + 1) };
      }
      if (all.length - at > longest) return { output: all };
      return this.#keep(all, at);
    }
    const last = all.lastIndexOf(0);
    const open = last >= 0 && this.#begin.subarray(0, all.length - last).equals(all.subarray(last));
    return open ? this.#keep(all, last) : { output: all };
  }

  #keep(all: Buffer, from: number): { output: Uint8Array } {
    this.#kept = all.subarray(from);
    return { output: all.subarray(0, from) };
  }
}
