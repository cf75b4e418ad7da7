import { Held } from "./held.ts";
import type { Emit, Inspector } from "./inspector.ts";

/**
 * JSON texts one after the other: each on a line (NDJSON), behind a record separator (RFC 7464), or with nothing
 * between them that is no white space (a watch). Each leaves when its last byte has come; a number or a word, which
 * nothing but what follows can end, with that.
 */
export class Sequence implements Inspector {
  readonly #held: Held;
  readonly #shown: (document: Uint8Array) => Uint8Array;
  /** `between` two texts; inside of an array or object, of a string in it, of a string alone, of a number or word. */
  #inside: "between" | "container" | "inner" | "string" | "word" = "between";
  #depth = 0;
  #escaped = false;

  constructor(frame: number, shown: (document: Uint8Array) => Uint8Array) {
    this.#held = new Held(frame);
    this.#shown = shown;
  }

  push(view: Uint8Array, emit: Emit): void {
    let from = 0;
    for (let at = 0; at < view.length; at++) {
      const byte = view[at] as number;
      if (this.#inside === "between") {
        if (isBetween(byte)) continue;
        if (at > from) emit(view.subarray(from, at));
        from = at;
        this.#begin(byte);
      } else if (this.#inside === "word") {
        if (!isBetween(byte)) continue;
        this.#leave(view.subarray(from, at), emit);
        from = at;
      } else if (this.#isLast(byte)) {
        this.#leave(view.subarray(from, at + 1), emit);
        from = at + 1;
      }
    }
    if (from === view.length) return;
    if (this.#inside === "between") emit(view.subarray(from));
    else this.#held.add(view.subarray(from));
  }

  end(emit: Emit): void {
    if (this.#inside !== "between") this.#leave(new Uint8Array(0), emit);
  }

  #begin(byte: number): void {
    this.#depth = 1;
    this.#inside = byte === 123 || byte === 91 ? "container" : byte === 34 ? "string" : "word";
  }

  /** Whether a text ends with this byte. */
  #isLast(byte: number): boolean {
    if (this.#inside === "container") {
      if (byte === 34) this.#inside = "inner";
      else if (byte === 123 || byte === 91) this.#depth++;
      else if (byte === 125 || byte === 93) return --this.#depth === 0;
      return false;
    }
    if (this.#escaped) this.#escaped = false;
    else if (byte === 92) this.#escaped = true;
    else if (byte === 34) {
      if (this.#inside === "string") return true;
      this.#inside = "container";
    }
    return false;
  }

  #leave(rest: Uint8Array, emit: Emit): void {
    this.#inside = "between";
    if (this.#held.length === 0) return emit(this.#shown(rest));
    this.#held.add(rest);
    const shown = this.#shown(this.#held.bytes);
    emit(shown);
    this.#held.clear();
  }
}

/** White space of JSON, and the record separator. */
function isBetween(byte: number): boolean {
  return byte === 10 || byte === 32 || byte === 13 || byte === 9 || byte === 30;
}
