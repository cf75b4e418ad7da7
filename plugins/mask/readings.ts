import { ESC, isString, sequenceEnd } from "../../core/plugin.ts";

const backspace = 8;
const space = 32;

/** Bytes as text, and where in them each byte of the text stands; no `from`: the text is the bytes. */
export interface Reading {
  readonly text: Uint8Array;
  readonly from?: Uint32Array;
}

export interface Readings {
  readonly all: readonly Reading[];
  /** Where an escape sequence begins that has not come whole; the length where there is none. */
  readonly open: number;
}

/**
 * What a terminal makes of bytes cannot be told without being that terminal, so they are read twice. Once as if
 * each escape sequence changed nothing but colours, and backspaces took back what they stand behind; once as if
 * each sequence parted what stands before it from what stands behind, with the strings that only the terminal
 * gets (a window's title) as text.
 */
export function readingsOf(bytes: Uint8Array): Readings {
  if (!bytes.includes(ESC) && !bytes.includes(backspace)) {
    return { all: [{ text: bytes }], open: bytes.length };
  }
  const joined = new Writer(bytes.length);
  const parted = new Writer(bytes.length);
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === ESC) {
      const end = sequenceEnd(bytes, at);
      if (end === undefined) break;
      parted.put(space, at);
      if (isString(bytes[at + 1]))
        for (let inside = at + 2; inside < end; inside++) parted.put(bytes[inside]!, inside);
      at = end;
      continue;
    }
    parted.put(byte, at);
    if (byte === backspace) joined.takeBack();
    else joined.put(byte, at);
    at++;
  }
  return { all: [joined.reading, parted.reading], open: at };
}

class Writer {
  readonly #text: Uint8Array;
  readonly #from: Uint32Array;
  #length = 0;

  constructor(most: number) {
    this.#text = new Uint8Array(most);
    this.#from = new Uint32Array(most);
  }

  put(byte: number, from: number): void {
    this.#text[this.#length] = byte;
    this.#from[this.#length++] = from;
  }

  takeBack(): void {
    if (this.#length > 0 && this.#text[this.#length - 1] !== 10) this.#length--;
  }

  get reading(): Reading {
    return { text: this.#text.subarray(0, this.#length), from: this.#from.subarray(0, this.#length) };
  }
}
