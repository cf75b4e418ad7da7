/** When something was asked: since which change (`clock`), and at what time in milliseconds (`at`). */
export interface Moment {
  readonly clock: number;
  readonly at: number;
}

/** What was asked one by one, a bounded number of it. */
export class Shelf<Key, Value> {
  readonly #all = new Map<Key, { readonly moment: Moment; readonly value: Value }>();

  constructor(readonly most: number) {}

  get(key: Key): { readonly moment: Moment; readonly value: Value } | undefined {
    return this.#all.get(key);
  }

  set(key: Key, value: Value, moment: Moment): void {
    // What is still needed is asked again.
    if (this.#all.size >= this.most && !this.#all.has(key)) this.#all.clear();
    this.#all.set(key, { moment, value });
  }
}

/** Whether it was asked then or later. */
export function isSince(moment: Moment, since: Moment): boolean {
  return moment.clock >= since.clock && moment.at >= since.at;
}
