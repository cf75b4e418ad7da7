import { TICK } from "./control.ts";

/** Calls `beat` after each thing the recorder does, for as long as `beat` answers that somebody waits. */
export class Pulse {
  #running = false;
  constructor(
    private readonly words: Int32Array,
    private readonly beat: () => boolean,
  ) {}

  ensure(): void {
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (;;) {
      const seen = Atomics.load(this.words, TICK);
      if (!this.beat()) break;
      const tick = Atomics.waitAsync(this.words, TICK, seen);
      if (tick.async) await tick.value;
    }
    this.#running = false;
  }
}
