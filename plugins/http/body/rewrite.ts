import type { JsonText } from "./json.ts";
import { afterSpace, afterString, afterWord } from "./json-text.ts";

/**
 * The text with `after` in place of its value. What is the same keeps its text to the character: numbers, escapes,
 * white space, the order of names. Of a name that an object has more than once, only the last one stays.
 */
export function rewritten(source: JsonText, after: unknown): string {
  return new Writer(source).write(after);
}

class Writer {
  readonly #source: JsonText;
  readonly #text: string;
  readonly #parts: string[] = [];
  /** All before this is in `#parts`, or is left out. */
  #copied = 0;
  #at = 0;
  /** The next array or object, counted as they begin. */
  #container = 0;

  constructor(source: JsonText) {
    this.#source = source;
    this.#text = source.text;
  }

  write(after: unknown): string {
    this.#value(this.#source.value, after);
    this.#parts.push(this.#text.slice(this.#copied));
    return this.#parts.join("");
  }

  #value(before: unknown, after: unknown): void {
    this.#at = afterSpace(this.#text, this.#at);
    const container = typeof before === "object" && before !== null;
    if (Object.is(before, after) && !(container && this.#source.repeating.size > 0)) return this.#skip();
    if (Array.isArray(before)) {
      if (Array.isArray(after) && after.length === before.length) return this.#items(before, after);
    } else if (container && typeof after === "object" && after !== null && !Array.isArray(after)) {
      const names = renamed(before, after);
      if (names !== undefined) return this.#members(before, after, names);
    }
    const start = this.#at;
    this.#skip();
    this.#replace(start, this.#at, JSON.stringify(after) ?? "null");
  }

  #items(before: readonly unknown[], after: readonly unknown[]): void {
    this.#container++;
    this.#at++;
    before.forEach((item, index) => {
      this.#value(item, after[index]);
      this.#at = afterSpace(this.#text, this.#at) + 1;
    });
    if (before.length === 0) this.#at = afterSpace(this.#text, this.#at) + 1;
  }

  #members(before: object, after: object, names: ReadonlyMap<string, string>): void {
    const dropped = this.#source.repeating.has(this.#container) ? this.#repeated() : undefined;
    this.#container++;
    this.#at++;
    for (;;) {
      this.#at = afterSpace(this.#text, this.#at);
      if (this.#text.charCodeAt(this.#at) === 125) break;
      const start = this.#at;
      const name = this.#name();
      if (dropped?.has(start)) {
        this.#skip();
        // There is a comma, since the one that counts is still to come.
        this.#at = afterSpace(this.#text, afterSpace(this.#text, this.#at) + 1);
        this.#replace(start, this.#at, "");
        continue;
      }
      const shown = names.get(name) ?? name;
      if (shown !== name) this.#replace(start, afterString(this.#text, start), JSON.stringify(shown));
      this.#value(field(before, name), field(after, shown));
      this.#at = afterSpace(this.#text, this.#at);
      if (this.#text.charCodeAt(this.#at) === 125) break;
      this.#at++;
    }
    this.#at++;
  }

  /** Where the members begin that are not the last of their name. Nothing has moved after it. */
  #repeated(): Set<number> {
    const [at, container] = [this.#at, this.#container];
    const last = new Map<string, number>();
    const dropped = new Set<number>();
    this.#container++;
    this.#at = afterSpace(this.#text, at + 1);
    while (this.#text.charCodeAt(this.#at) !== 125) {
      const start = this.#at;
      const name = this.#name();
      const earlier = last.get(name);
      if (earlier !== undefined) dropped.add(earlier);
      last.set(name, start);
      this.#skip();
      this.#at = afterSpace(this.#text, this.#at);
      if (this.#text.charCodeAt(this.#at) === 44) this.#at = afterSpace(this.#text, this.#at + 1);
    }
    this.#at = at;
    this.#container = container;
    return dropped;
  }

  /** The name at this place; moves on to its value. */
  #name(): string {
    const end = afterString(this.#text, this.#at);
    const plain = this.#text.slice(this.#at + 1, end - 1);
    const name = plain.includes("\\") ? (JSON.parse(`"${plain}"`) as string) : plain;
    this.#at = afterSpace(this.#text, afterSpace(this.#text, end) + 1);
    return name;
  }

  /** Over the value at this place. */
  #skip(): void {
    const code = this.#text.charCodeAt(this.#at);
    if (code === 123 || code === 91) {
      this.#at = this.#source.ends[this.#container] as number;
      this.#container = this.#source.begun[this.#container] as number;
    } else this.#at = code === 34 ? afterString(this.#text, this.#at) : afterWord(this.#text, this.#at);
  }

  #replace(from: number, to: number, by: string): void {
    this.#parts.push(this.#text.slice(this.#copied, from), by);
    this.#copied = to;
  }
}

const unchanged: ReadonlyMap<string, string> = new Map();

/** Which names are others now, in order; undefined: it is another object altogether. */
function renamed(before: object, after: object): ReadonlyMap<string, string> | undefined {
  const [was, is] = [Object.keys(before), Object.keys(after)];
  if (was.length !== is.length) return undefined;
  if (was.every((name, index) => name === is[index])) return unchanged;
  const gone = was.filter((name) => !Object.hasOwn(after, name));
  const come = is.filter((name) => !Object.hasOwn(before, name));
  return new Map(gone.map((name, index) => [name, come[index] as string]));
}

function field(object: object, name: string): unknown {
  if (name === "__proto__") return Object.getOwnPropertyDescriptor(object, name)?.value;
  return (object as Record<string, unknown>)[name];
}
