import { afterSpace, afterString, afterWord } from "./json-text.ts";
import { withheld } from "./withheld.ts";

/** No document that anybody reads is deeper. */
const deepest = 200;

/** A JSON text and what it says. */
export interface JsonText {
  readonly text: string;
  /**
   * As JSON.parse has it, but for numbers that a double does not hold to the digit: they are strings here, with all
   * their digits where the exponent allows, so that a detector sees what is written.
   */
  readonly value: unknown;
  /** Of each array and object, in the order in which they begin: where it ends, and how many have begun by then. */
  readonly ends: readonly number[];
  readonly begun: readonly number[];
  /** By the same order: the objects that have a name more than once. The last one counts in `value`. */
  readonly repeating: ReadonlySet<number>;
}

/** Reads one JSON text (RFC 8259), strictly. Throws PosternError `answer.withheld`. */
export function readJson(text: string): JsonText {
  return new Reader(text).read();
}

class Reader {
  readonly #text: string;
  #at = 0;
  /** The first backslash and the first control character from here on, as far as it was looked for. */
  #backslash = -1;
  #control = -1;
  readonly #ends: number[] = [];
  readonly #begun: number[] = [];
  readonly #repeating = new Set<number>();

  constructor(text: string) {
    this.#text = text;
  }

  read(): JsonText {
    this.#at = afterSpace(this.#text, 0);
    const value = this.#value(0);
    if (afterSpace(this.#text, this.#at) < this.#text.length) throw notJson();
    return {
      text: this.#text,
      value,
      ends: this.#ends,
      begun: this.#begun,
      repeating: this.#repeating,
    };
  }

  #value(depth: number): unknown {
    switch (this.#text.charCodeAt(this.#at)) {
      case 34:
        return this.#string();
      case 123:
        return this.#object(depth);
      case 91:
        return this.#array(depth);
      default:
        return this.#word();
    }
  }

  #object(depth: number): unknown {
    const own = this.#begin(depth);
    const object: Record<string, unknown> = {};
    if (this.#next() !== 125) {
      for (;;) {
        if (this.#text.charCodeAt(this.#at) !== 34) throw notJson();
        const name = this.#string();
        if (this.#next() !== 58) throw notJson();
        this.#at = afterSpace(this.#text, this.#at + 1);
        const value = this.#value(depth + 1);
        if (Object.hasOwn(object, name)) this.#repeating.add(own);
        if (name === "__proto__") define(object, name, value);
        else object[name] = value;
        const code = this.#next();
        if (code === 125) break;
        if (code !== 44) throw notJson();
        this.#at = afterSpace(this.#text, this.#at + 1);
      }
    }
    this.#over(own);
    return object;
  }

  #array(depth: number): unknown {
    const own = this.#begin(depth);
    const items: unknown[] = [];
    if (this.#next() !== 93) {
      for (;;) {
        items.push(this.#value(depth + 1));
        const code = this.#next();
        if (code === 93) break;
        if (code !== 44) throw notJson();
        this.#at = afterSpace(this.#text, this.#at + 1);
      }
    }
    this.#over(own);
    return items;
  }

  #begin(depth: number): number {
    if (depth >= deepest) throw withheld(`its JSON is more than ${deepest} levels deep`);
    this.#at++;
    this.#begun.push(0);
    return this.#ends.push(0) - 1;
  }

  #over(own: number): void {
    this.#at++;
    this.#ends[own] = this.#at;
    this.#begun[own] = this.#ends.length;
  }

  /** The code of what comes behind white space. */
  #next(): number {
    this.#at = afterSpace(this.#text, this.#at);
    return this.#text.charCodeAt(this.#at);
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at;
    this.#at = afterString(text, start);
    if (this.#at < 0) throw notJson();
    if (this.#control < start) this.#control = controlFrom(text, start);
    if (this.#control < this.#at) throw notJson();
    if (this.#backslash < start) this.#backslash = found(text.indexOf("\\", start));
    if (this.#backslash > this.#at) return text.slice(start + 1, this.#at - 1);
    try {
      return JSON.parse(text.slice(start, this.#at)) as string;
    } catch {
      throw notJson();
    }
  }

  #word(): unknown {
    const end = afterWord(this.#text, this.#at);
    const word = this.#text.slice(this.#at, end);
    this.#at = end;
    if (word === "true") return true;
    if (word === "false") return false;
    if (word === "null") return null;
    if (!number.test(word)) throw notJson();
    return shownNumber(word);
  }
}

const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** A double holds any number of 15 digits (IEEE 754, binary64), and whole ones of 16 mostly. */
function shownNumber(word: string): number | string {
  const value = Number(word);
  if (word.length <= 15 && Number.isFinite(value)) return value;
  if (Number.isSafeInteger(value) && String(value) === word) return value;
  const [digits = "", exponent] = word.split(/[eE]/);
  if (digits.replace(/^-?[0.]*|\./g, "").length <= 15 && Number.isFinite(value)) return value;
  return exponent === undefined ? word : shifted(digits, Number(exponent), word);
}

/** `4.1e3` as `4100`; as it is where that would be longer than any number that means something by its digits. */
function shifted(digits: string, by: number, word: string): string {
  if (!(Math.abs(by) <= 40)) return word;
  const sign = digits.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = digits.slice(sign.length).split(".");
  const all = `${"0".repeat(40)}${whole}${fraction}${"0".repeat(40)}`;
  const point = 40 + whole.length + by;
  const shown = `${all.slice(0, point).replace(/^0+(?=.)/, "")}.${all.slice(point).replace(/0+$/, "")}`;
  return sign + shown.replace(/\.$/, "");
}

/** The first control character from `at` on that is not allowed in a string. */
function controlFrom(text: string, at: number): number {
  for (; at < text.length; at++) if (text.charCodeAt(at) < 32) return at;
  return at;
}

function found(index: number): number {
  return index < 0 ? Number.POSITIVE_INFINITY : index;
}

/** An ordinary property, also where assigning it would be something else. */
function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function notJson(): Error {
  return withheld("it says that it is JSON and is not");
}
