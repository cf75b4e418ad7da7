/** So many at once, and so many a second after that. What turned out to be worth its cost is given back. */
export class Allowance {
  #left: number;
  #at = performance.now();

  constructor(
    readonly most: number,
    readonly aSecond: number,
  ) {
    this.#left = most;
  }

  /** False: it is used up. */
  take(): boolean {
    if (this.#left < 1) {
      const now = performance.now();
      this.give(((now - this.#at) * this.aSecond) / 1000);
      this.#at = now;
    }
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  give(count: number): void {
    this.#left = Math.min(this.most, this.#left + count);
  }
}
