import { ESC, sequenceEnd } from "../escape.ts";

/** Of one line, bytes kept until it is clear that it was echoed. */
const longest = 4096;
const newline = 10;
const enter = 13;
const interrupt = 3;
const endOfFile = 4;
const none = Buffer.alloc(0);

/**
 * What is typed into a terminal, line by line, as far as the terminal shows it. A host that asks for a password
 * switches its echo off, and nothing on the wire says so: so a line counts as seen only when each of its characters
 * came back, in order, before any other text did. Keys that are no text (Enter, arrows, ^C) need no echo. A line that
 * was not seen is given away as such, and nothing of it is kept.
 */
export class Typed {
  #typed: Uint8Array = none;
  /** So much of it was echoed, or needs no echo. */
  #seen = 0;
  /** What comes up to the line's end is not to be kept. */
  #unseen = false;
  #shown: Uint8Array = none;

  /** A line that was seen; undefined: one that was not. */
  constructor(private readonly line: (bytes: Uint8Array | undefined) => void) {}

  typed(bytes: Uint8Array): void {
    this.#typed = this.#typed.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#typed, bytes]);
    this.#settle();
    if (this.#typed.length > longest) this.#miss();
  }

  /** What the host sent to the terminal, before any mask. */
  shown(bytes: Uint8Array): void {
    if (this.#typed.length === 0 && this.#shown.length === 0) return;
    const all = this.#shown.length === 0 ? bytes : Buffer.concat([this.#shown, bytes]);
    this.#shown = none;
    for (let at = 0; at < all.length; ) {
      const byte = all[at] as number;
      if (byte === ESC) {
        const end = sequenceEnd(all, at);
        if (end === undefined) {
          if (all.length - at < longest) this.#shown = Buffer.from(all.subarray(at));
          return;
        }
        at = end;
        continue;
      }
      this.#see(byte);
      at++;
    }
  }

  /** Nothing comes any more. */
  close(): void {
    if (this.#seen < this.#typed.length) this.#miss();
    else if (this.#typed.length > 0) this.line(this.#typed);
    this.#forget();
  }

  #see(byte: number): void {
    if (this.#seen >= this.#typed.length) return;
    if (this.#typed[this.#seen] === byte) {
      this.#seen++;
      this.#settle();
    } else if (isText(byte) || byte === newline) this.#miss();
  }

  /** Over what needs no echo; at a line's end the line is done. */
  #settle(): void {
    for (;;) {
      const byte = this.#typed[this.#seen];
      if (byte === undefined) return this.#unseen ? this.#forget() : undefined;
      if (this.#unseen || !isText(byte)) {
        const end =
          byte === ESC && !this.#unseen
            ? (sequenceEnd(this.#typed, this.#seen) ?? this.#typed.length)
            : this.#seen + 1;
        this.#seen = end;
        if (endsLine(byte)) this.#end();
      } else return;
    }
  }

  #end(): void {
    if (!this.#unseen) this.line(Buffer.from(this.#typed.subarray(0, this.#seen)));
    this.#typed = this.#typed.subarray(this.#seen);
    this.#seen = 0;
    this.#unseen = false;
  }

  /** Nothing of this line, nor of what is typed in it from now on. */
  #miss(): void {
    this.line(undefined);
    this.#unseen = true;
    this.#settle();
  }

  #forget(): void {
    this.#typed = none;
    this.#seen = 0;
  }
}

function isText(byte: number): boolean {
  return byte >= 32 && byte !== 127;
}

function endsLine(byte: number): boolean {
  return byte === enter || byte === newline || byte === interrupt || byte === endOfFile;
}
