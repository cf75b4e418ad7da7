import { type Detector, Scanner } from "./detect/scanner.ts";
import type { Masks } from "./options.ts";
import { redacted } from "./strategy.ts";
import type { Shown } from "./written-back.ts";

/** Where texts are encoded to be looked at; nothing of it is kept. */
const scratch = Buffer.allocUnsafe(64 << 10);
/** How many names that hold nothing are remembered. */
const mostNames = 4096;

/** Replaces in text what the detectors find. One a session: it keeps the scanner's last match. */
export class Finder {
  readonly #scanner: Scanner;
  readonly #found: Masks["found"];
  readonly #issued: Shown | undefined;
  readonly #idle: boolean;
  readonly #clearNames = new Set<string>();

  /** `issued`: is told of all that takes the place of a value. */
  constructor({ kinds, found }: Masks, issued?: Shown) {
    this.#scanner = new Scanner(kinds);
    this.#found = found;
    this.#issued = issued;
    this.#idle = kinds.length === 0;
  }

  finds(bytes: Buffer, start = 0, end = bytes.length): boolean {
    return this.#scanner.next(bytes, start, end);
  }

  /** undefined: nothing is found. null: something was found that leaves nothing in its place. */
  replace(bytes: Buffer, start = 0, end = bytes.length): Uint8Array | null | undefined {
    if (!this.#scanner.next(bytes, start, end)) return undefined;
    const parts: Uint8Array[] = [];
    let kept = start;
    do {
      const shown = this.#shown(bytes);
      if (shown === null) return null;
      parts.push(bytes.subarray(kept, this.#scanner.start), shown);
      kept = this.#scanner.end;
    } while (this.#scanner.next(bytes, kept, end));
    parts.push(bytes.subarray(kept, end));
    return Buffer.concat(parts);
  }

  /** In a text that has to go on: where nothing would be left, it is redacted. */
  replaceText(text: string): string {
    if (this.#idle) return text;
    const { bytes, length } = encoded(text);
    let shown = "";
    let kept = 0;
    while (this.#scanner.next(bytes, kept, length)) {
      const { start } = this.#scanner;
      const instead = this.#shown(bytes);
      shown += bytes.toString("utf8", kept, start) + (instead === null ? redacted : Buffer.from(instead));
      kept = this.#scanner.end;
    }
    return kept === 0 ? text : shown + bytes.toString("utf8", kept, length);
  }

  findsIn(text: string): boolean {
    if (this.#idle) return false;
    const { bytes, length } = encoded(text);
    return this.#scanner.next(bytes, 0, length);
  }

  /** The same for names of fields, which come again and again. */
  replaceName(name: string): string {
    if (this.#idle || this.#clearNames.has(name)) return name;
    const shown = this.replaceText(name);
    if (shown === name && this.#clearNames.size < mostNames) this.#clearNames.add(name);
    return shown;
  }

  /** Where the match that begins at `from` or behind it begins and ends, and what to show instead. */
  next(bytes: Uint8Array, from: number, end: number): Match | undefined {
    if (!this.#scanner.next(bytes, from, end)) return undefined;
    const { kind, start, end: stop } = this.#scanner;
    const looked = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const shown = this.#shown(looked);
    return { kind, start, end: stop, shown: shown === null ? Buffer.from(redacted) : Buffer.from(shown) };
  }

  #shown(bytes: Buffer): Uint8Array | null {
    const { kind, start, end } = this.#scanner;
    const shown = this.#found.get(kind)?.ofBytes(bytes, start, end, kind) ?? null;
    if (shown !== null) this.#issued?.note(shown);
    return shown;
  }
}

function encoded(text: string): { readonly bytes: Buffer; readonly length: number } {
  if (text.length * 3 > scratch.length) {
    const bytes = Buffer.from(text);
    return { bytes, length: bytes.length };
  }
  return { bytes: scratch, length: scratch.write(text, 0, "utf8") };
}

export interface Match {
  readonly kind: Detector;
  readonly start: number;
  readonly end: number;
  readonly shown: Uint8Array;
}
