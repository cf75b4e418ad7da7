/** What stands in place of each byte of a credential. */
const star = 42;

/** Takes a credential out of bytes that go by, and leaves as many in its place, so that all lengths stay true. */
export class Scrubber {
  /** Bytes that may be the beginning of it. */
  #held: Buffer | undefined;

  constructor(readonly forms: readonly Buffer[]) {}

  /** The view may be changed. `emit` gets all that can leave now; its views are good until it returns. */
  push(view: Uint8Array, emit: (view: Uint8Array) => void): void {
    const bytes = this.#held
      ? Buffer.concat([this.#held, view])
      : Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    this.#held = undefined;
    scrub(bytes, this.forms);
    const keep = this.#beginning(bytes);
    if (keep > 0) this.#held = Buffer.from(bytes.subarray(bytes.length - keep));
    if (keep < bytes.length) emit(bytes.subarray(0, bytes.length - keep));
  }

  end(emit: (view: Uint8Array) => void): void {
    const held = this.#held;
    this.#held = undefined;
    if (held) emit(held);
  }

  /** How many bytes at the end may begin a form that goes on. */
  #beginning(bytes: Buffer): number {
    let most = 0;
    for (const form of this.forms) {
      const from = Math.max(0, bytes.length - form.length + 1);
      most = Math.max(most, beginning(bytes, form, from));
    }
    return most;
  }
}

/** By the byte: `Buffer.compare` costs more than the few that are alike. */
function beginning(bytes: Buffer, form: Buffer, from: number): number {
  const { length } = bytes;
  for (let at = from; at < length; at++) {
    let same = 0;
    while (at + same < length && bytes[at + same] === form[same]) same++;
    if (at + same === length) return same;
  }
  return 0;
}

/** In place. True: it was there. */
export function scrub(bytes: Buffer, forms: readonly Buffer[]): boolean {
  let found = false;
  for (const form of forms) {
    for (let at = bytes.indexOf(form); at >= 0; at = bytes.indexOf(form, at + form.length)) {
      bytes.fill(star, at, at + form.length);
      found = true;
    }
  }
  return found;
}
