import type { Cursor } from "../../../core/plugin.ts";
import { Malformed } from "./framing.ts";

/** A name that is not longer is compared with the last one byte by byte. */
const short = 16;

/** The server compares names by their first 63 bytes (NAMEDATALEN - 1). */
const significant = 63;

/**
 * Reads names off the message at the cursor without decoding the rest of it. A name is kept as the
 * bytes the server compares, one character a byte.
 */
export class NameReader {
  /** Offset behind the last name read. */
  at = 0;
  /** The last name that was read: mostly the next one too. */
  #last = "";

  start(at: number): void {
    this.at = at;
  }

  /** undefined: more of the message must arrive; the cursor has been told. */
  next(cursor: Cursor, length: number): string | undefined {
    const { view } = cursor;
    const there = Math.min(cursor.end, cursor.at + length);
    if (view[this.at] === 0 && this.at < there) {
      this.at += 1;
      return "";
    }
    const last = this.#last;
    if (this.at + last.length < there && isAt(view, this.at, last)) {
      this.at += last.length + 1;
      return last;
    }
    const nul = this.at < there ? view.indexOf(0, this.at) : -1;
    if (nul === -1 || nul >= there) {
      if (there === cursor.at + length) throw new Malformed("A name without its end.");
      cursor.need(Math.min(length, there - cursor.at + 64));
      return undefined;
    }
    const name = view.latin1Slice(this.at, Math.min(nul, this.at + significant));
    this.at = nul + 1;
    if (name.length <= short) this.#last = name;
    return name;
  }
}

/** Whether this name, and nothing more, stands there. */
function isAt(view: Buffer, at: number, name: string): boolean {
  if (name === "") return false;
  for (let index = 0; index < name.length; index++) {
    if (view[at + index] !== name.charCodeAt(index)) return false;
  }
  return view[at + name.length] === 0;
}

/** A name as SQL has it, in the form of `NameReader`. */
export function nameKey(name: string): string {
  return Buffer.from(name, "utf8").subarray(0, significant).toString("latin1");
}
