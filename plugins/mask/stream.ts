import { isAlphanumeric, isDigit } from "./detect/bytes.ts";
import type { Finder } from "./found.ts";

/** Bytes kept back at most. */
const most = 8192;
/** What is looked at again when that much has no end in sight: longer than any value that is no token. */
const tail = 512;

/**
 * One channel of a stream. Bytes that may be the beginning of a value are kept until it is clear that they are
 * not, so that a value in two chunks is found. An empty chunk means: nothing follows for now; all is shown.
 */
export class StreamMask {
  #kept: Uint8Array = new Uint8Array(0);
  /** A value that is longer than can be kept: it was replaced, and the rest of it is dropped. */
  #within: "token" | "key" | undefined;
  readonly #finder: Finder;

  constructor(finder: Finder) {
    this.#finder = finder;
  }

  /** What to send now; empty: nothing yet. */
  push(bytes: Uint8Array): Uint8Array {
    const all = this.#rest(this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]));
    const last = bytes.length === 0;
    const ready = last ? all.length : readyTo(all);
    const parts: Uint8Array[] = [];
    let shown = 0;
    for (;;) {
      const match = this.#finder.next(all, shown, all.length);
      if (match === undefined || match.start >= ready) break;
      const open = !last && match.end === all.length;
      if (open && all.length - match.start < most) return this.#keep(all, parts, shown, match.start);
      parts.push(all.subarray(shown, match.start), match.shown);
      shown = match.end;
      if (open) this.#within = match.kind === "cloudkey" ? "key" : "token";
    }
    return this.#keep(all, parts, shown, Math.max(shown, ready));
  }

  #keep(all: Uint8Array, parts: Uint8Array[], shown: number, from: number): Uint8Array {
    if (from > shown) parts.push(all.subarray(shown, from));
    this.#kept = Buffer.from(all.subarray(from));
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** Without what still belongs to the value that was replaced last. */
  #rest(bytes: Uint8Array): Uint8Array {
    if (this.#within === undefined) return bytes;
    let at = 0;
    while (at < bytes.length && belongs(bytes[at]!, this.#within)) at++;
    if (at < bytes.length) this.#within = undefined;
    return bytes.subarray(at);
  }
}

/** Up to here no value can be open: behind the last byte that no value has inside. */
function readyTo(bytes: Uint8Array): number {
  let at = bytes.length;
  while (at > 0 && joins(bytes, at - 1)) at--;
  return bytes.length - at <= most ? at : bytes.length - tail;
}

const inside = new Set(Buffer.from("@._%+-&!#$*^~:/=()"));

/** Whether a value may have this byte inside. A space only stands between the groups of a number. */
function joins(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at]!;
  if (isAlphanumeric(byte) || byte >= 128 || inside.has(byte)) return true;
  if (byte !== 32) return false;
  const before = at === 0 ? 48 : bytes[at - 1]!;
  const behind = at + 1 < bytes.length ? bytes[at + 1]! : 48;
  return groups(before) && groups(behind);
}

/** Digits and capitals (an IBAN's groups, a key's header), and what stands around an area code. */
function groups(byte: number): boolean {
  return isDigit(byte) || (byte >= 65 && byte <= 90) || byte === 40 || byte === 41;
}

/** A key in PEM goes on over lines, up to its last dash; a token to where its alphabet ends. */
function belongs(byte: number, within: "token" | "key"): boolean {
  if (isAlphanumeric(byte) || byte === 95 || byte === 45 || byte === 46) return true;
  return within === "key" && (byte === 10 || byte === 13 || byte === 43 || byte === 47 || byte === 61);
}
