import { ESC, isString, sequenceEnd } from "../../core/plugin.ts";
import { type Character, characterAt } from "./characters.ts";

const backspace = 8;
const newline = 10;
const none = new Uint8Array(0);
/** A control character that moves nothing, and DEL. */
const unseenByte: Character = { length: 1, as: "unseen" };
const space = 32;

/** Bytes as text, and where in them each byte of the text begins and ends; no `from`: the text is the bytes. */
export interface Reading {
  readonly text: Uint8Array;
  readonly from?: Uint32Array;
  readonly to?: Uint32Array;
}

export interface Readings {
  readonly all: readonly Reading[];
  /** Where an escape sequence begins that has not come whole; the length where there is none. */
  readonly open: number;
}

/**
 * What a terminal makes of bytes cannot be told without being that terminal, so they are read twice. Once as if
 * each escape sequence changed nothing but colours, backspaces took back what they stand behind, and what a screen
 * shows nothing for were not there; once as if each sequence parted what stands before it from what stands behind,
 * with what only the terminal gets (a window's title, a sequence's numbers) as text. In both, characters that look like
 * those of ASCII are those.
 */
export function readingsOf(bytes: Uint8Array): Readings {
  if (isPlain(bytes)) return { all: [{ text: bytes }], open: bytes.length };
  const joined = new Writer(bytes.length);
  const parted = new Writer(bytes.length);
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (special[byte] === 0) {
      parted.put(byte, at);
      joined.put(byte, at++);
      continue;
    }
    const { length, as } = byte < 128 ? unseenByte : characterAt(bytes, at);
    if (as === "open") break;
    if (byte === ESC || as === "control") {
      const control = bytes[at + length - 1] as number;
      const second = byte === ESC ? bytes[at + 1] : control - 0x40;
      const inside = byte === ESC ? at + 2 : at + length;
      const opens = byte === ESC || second === 0x5b || isString(second);
      const end = opens ? sequenceEnd(bytes, at, second, inside) : inside;
      if (end === undefined) break;
      parted.put(space, at);
      const text = isString(second) ? bytes.subarray(inside, end) : valueIn(bytes.subarray(inside, end));
      for (let next = 0; next < text.length; next++) parted.put(text[next]!, inside + next);
      if (text.length > 0 && !isString(second)) parted.put(newline, inside + text.length);
      at = end;
      continue;
    }
    for (let next = at; next < at + length; next++) {
      if (typeof as !== "number") parted.put(bytes[next]!, next);
      if (as === undefined) joined.put(bytes[next]!, next);
    }
    if (typeof as === "number") {
      parted.put(as, at, at + length);
      joined.put(as, at, at + length);
    }
    if (byte === backspace) joined.takeBack();
    at += length;
  }
  return { all: [joined.reading, parted.reading], open: at };
}

/** What of a sequence's numbers can be a value: none that a terminal knows is so long. */
function valueIn(sequence: Uint8Array): Uint8Array {
  const numbers = sequence.subarray(0, -1);
  return /[\d .()+-]{7}/.test(Buffer.from(numbers).toString("latin1")) ? numbers : none;
}

/** Neither a control character but tab, line feed and carriage return, nor anything beyond ASCII. */
function isPlain(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (special[bytes[at]!] === 1) return false;
  return true;
}

/** What moves to another place is read as it stands. */
const special = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 127 || (byte < 32 && (byte < 9 || byte > 13)) ? 1 : 0,
);

class Writer {
  readonly #text: Uint8Array;
  readonly #from: Uint32Array;
  readonly #to: Uint32Array;
  #length = 0;

  constructor(most: number) {
    this.#text = new Uint8Array(most);
    this.#from = new Uint32Array(most);
    this.#to = new Uint32Array(most);
  }

  put(byte: number, from: number, to = from + 1): void {
    this.#text[this.#length] = byte;
    this.#to[this.#length] = to;
    this.#from[this.#length++] = from;
  }

  takeBack(): void {
    if (this.#length > 0 && this.#text[this.#length - 1] !== 10) this.#length--;
  }

  get reading(): Reading {
    const length = this.#length;
    return {
      text: this.#text.subarray(0, length),
      from: this.#from.subarray(0, length),
      to: this.#to.subarray(0, length),
    };
  }
}
