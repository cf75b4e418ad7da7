/** Several values a name. */
export class Index<Value> {
  readonly #all = new Map<string, Value[]>();

  get(name: string): readonly Value[] {
    return this.#all.get(name) ?? [];
  }
  get names(): Iterable<string> {
    return this.#all.keys();
  }
  has(name: string): boolean {
    return this.#all.has(name);
  }
  add(name: string, value: Value): void {
    const some = this.#all.get(name);
    if (some) some.push(value);
    else this.#all.set(name, [value]);
  }
  /** Any one of that name. */
  drop(name: string): void {
    const some = this.#all.get(name);
    some?.pop();
    if (some?.length === 0) this.#all.delete(name);
  }
  remove(name: string, value: Value): void {
    const left = this.get(name).filter((each) => each !== value);
    if (left.length > 0) this.#all.set(name, left);
    else this.#all.delete(name);
  }
}
