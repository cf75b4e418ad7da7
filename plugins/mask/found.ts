import { type Detector, Scanner } from "./detect/scanner.ts";
import type { Masks } from "./options.ts";
import { redacted } from "./strategy.ts";

/** Replaces in text what the detectors find. One a session: it keeps the scanner's last match. */
export class Finder {
  readonly #scanner: Scanner;
  readonly #found: Masks["found"];

  constructor({ kinds, found }: Masks) {
    this.#scanner = new Scanner(kinds);
    this.#found = found;
  }

  finds(bytes: Uint8Array): boolean {
    return this.#scanner.next(bytes, 0, bytes.length);
  }

  /** The same view where nothing is found. null: something was found that leaves nothing in its place. */
  replace(bytes: Uint8Array): Uint8Array | null {
    const { length } = bytes;
    if (!this.#scanner.next(bytes, 0, length)) return bytes;
    const parts: Uint8Array[] = [];
    let kept = 0;
    do {
      const shown = this.#shown(bytes);
      if (shown === null) return null;
      parts.push(bytes.subarray(kept, this.#scanner.start), Buffer.from(shown));
      kept = this.#scanner.end;
    } while (this.#scanner.next(bytes, kept, length));
    parts.push(bytes.subarray(kept));
    return Buffer.concat(parts);
  }

  /** In a text that has to go on: where nothing would be left, it is redacted. */
  replaceText(text: string): string {
    const bytes = Buffer.from(text);
    let shown = "";
    let kept = 0;
    while (this.#scanner.next(bytes, kept, bytes.length)) {
      shown += bytes.toString("utf8", kept, this.#scanner.start) + (this.#shown(bytes) ?? redacted);
      kept = this.#scanner.end;
    }
    return kept === 0 ? text : shown + bytes.toString("utf8", kept);
  }

  /** Where the match that begins at `from` or behind it begins and ends, and what to show instead. */
  next(bytes: Uint8Array, from: number, end: number): Match | undefined {
    if (!this.#scanner.next(bytes, from, end)) return undefined;
    const { kind, start, end: stop } = this.#scanner;
    return { kind, start, end: stop, shown: Buffer.from(this.#shown(bytes) ?? redacted) };
  }

  #shown(bytes: Uint8Array): string | null {
    const { kind, start, end } = this.#scanner;
    const value = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
    return this.#found.get(kind)?.(value, kind) ?? null;
  }
}

export interface Match {
  readonly kind: Detector;
  readonly start: number;
  readonly end: number;
  readonly shown: Uint8Array;
}
