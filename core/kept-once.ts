/** Of values that are mostly the same from one session to the next: one object for all that are equal. */
export class KeptOnce<Value> {
  readonly #known = new Map<string, Value>();

  /** `limit`: of those that are known; past it all are forgotten, which costs memory and nothing else. */
  constructor(readonly limit = 256) {}

  /** `key`: all that is in the value, so that of two with the same one does for the other. */
  of(key: string, value: Value): Value {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= this.limit) this.#known.clear();
    this.#known.set(key, value);
    return value;
  }
}
