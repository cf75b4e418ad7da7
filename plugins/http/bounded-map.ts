/** What was found out before, of so many at most: past them it is found out anew. */
export class BoundedMap<Value> {
  readonly #kept = new Map<string, Value>();

  /** `longest`: characters of a key; what has a longer one is not kept. */
  constructor(
    readonly most: number,
    readonly longest: number,
  ) {}

  get(key: string): Value | undefined {
    return this.#kept.get(key);
  }

  set(key: string, value: Value): Value {
    if (key.length > this.longest) return value;
    if (this.#kept.size >= this.most) this.#kept.clear();
    this.#kept.set(key, value);
    return value;
  }
}

/** The same characters, none above U+00FF, in memory of their own: a part of a longer text that is kept keeps all of that. */
export function ownText(text: string): string {
  return Buffer.from(text, "latin1").latin1Slice(0, text.length);
}
