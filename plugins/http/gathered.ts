import { type Identity, identityKey, type Reason } from "../../core/plugin.ts";
import type { Exchange } from "./exchange.ts";
import { slowToRead, tooManyToRead, tooMuchToRead } from "./reasons.ts";

/** Bytes of such bodies in this process, and of those one identity's. */
const mostOfAll = 256 << 20;
const mostOfOne = 32 << 20;
/** Milliseconds from when such a body is asked for to its end. */
const patience = 60_000;

const held = new Map<string, number>();
let heldOfAll = 0;

/** What one request's body takes of the memory for bodies that are read before they pass. */
export class BodyRoom {
  #whose = "";
  #taken = 0;
  #released = false;

  of(identity: Identity): this {
    this.#whose = identityKey(identity);
    return this;
  }

  /** False: there is no room. */
  take(bytes: number): boolean {
    const own = (held.get(this.#whose) ?? 0) + bytes;
    if (this.#released || own > mostOfOne || heldOfAll + bytes > mostOfAll) return false;
    held.set(this.#whose, own);
    heldOfAll += bytes;
    this.#taken += bytes;
    return true;
  }

  /** The body is gone. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    heldOfAll -= this.#taken;
    const own = (held.get(this.#whose) ?? 0) - this.#taken;
    if (own > 0) held.set(this.#whose, own);
    else held.delete(this.#whose);
  }
}

/** All of a request's body; a Reason: it is longer than `most` bytes, there is no room, or it takes too long. Rejects where it breaks off. */
export function gathered(exchange: Exchange, most: number, room: BodyRoom): Promise<Buffer | Reason> {
  const { body, expectsContinue } = exchange;
  return new Promise((resolve, reject) => {
    if (!body) return resolve(Buffer.alloc(0));
    if (typeof body.length === "number" && body.length > most) return resolve(tooMuchToRead(most));
    const parts = new Parts();
    let length = 0;
    let over = false;
    const end = (how: Buffer | Reason) => {
      over = true;
      clearTimeout(late);
      resolve(how);
    };
    const late = setTimeout(() => end(slowToRead), patience);
    if (expectsContinue) exchange.inform({ status: 100, reason: "Continue", fields: [] });
    body.pipe({
      data(view) {
        if (over) return false;
        length += view.length;
        if (length > most) end(tooMuchToRead(most));
        else if (!room.take(view.length)) end(tooManyToRead);
        else parts.add(view);
        return !over;
      },
      end: () => end(parts.whole()),
      broken(error) {
        clearTimeout(late);
        reject(error);
      },
    });
  });
}

/** Copies in blocks: a body that comes a byte at a time takes no more memory than one that comes at once. */
class Parts {
  readonly #full: Buffer[] = [];
  #block: Buffer = Buffer.alloc(0);
  #used = 0;
  #length = 0;

  add(view: Uint8Array): void {
    for (let at = 0; at < view.length; ) {
      if (this.#used === this.#block.length) {
        if (this.#used > 0) this.#full.push(this.#block);
        this.#block = Buffer.allocUnsafeSlow(Math.max(view.length - at, Math.min(65_536, this.#length)));
        this.#used = 0;
      }
      const part = view.subarray(at, at + this.#block.length - this.#used);
      this.#block.set(part, this.#used);
      this.#used += part.length;
      this.#length += part.length;
      at += part.length;
    }
  }

  whole(): Buffer {
    return Buffer.concat([...this.#full, this.#block.subarray(0, this.#used)]);
  }
}
