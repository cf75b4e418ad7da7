import type { Readable } from "node:stream";
import { type Framer, longestMessage } from "./framer.ts";
import type { Message } from "./message.ts";

/** As much as is read ahead of a message that waits: an end of the stream behind it is seen. */
const ahead = 2 * longestMessage;

/** The messages of one direction, each when the one before it is done with. */
export class OneByOne {
  /** Kept after the last message; rejects with what `take` threw. */
  readonly over: Promise<void>;
  readonly #settle: { resolve(): void; reject(error: unknown): void };
  #busy = false;
  #ended = false;
  #stopped = false;

  constructor(
    readonly from: Readable,
    readonly framer: Framer,
    /** A promise: the next one waits for it. */
    readonly take: (message: Message) => Promise<void> | undefined,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.over = promise;
    this.#settle = { resolve, reject };
    from.on("data", this.#data);
    from.once("end", this.#end);
    from.once("close", this.#end);
  }

  /** Reads and ignores what still comes. */
  stop(): void {
    this.#stopped = true;
    this.from.resume();
  }

  readonly #data = (bytes: Buffer): void => {
    if (this.#stopped) return;
    this.framer.take(bytes);
    if (this.#busy) {
      if (this.framer.pending > ahead) this.from.pause();
    } else this.#run();
  };

  readonly #end = (): void => {
    this.#ended = true;
    if (!this.#busy) this.#run();
  };

  #run(): void {
    try {
      for (;;) {
        const message = this.#stopped ? undefined : this.framer.next();
        if (!message) break;
        const waits = this.take(message);
        if (!waits) continue;
        this.#busy = true;
        waits.then(this.#again, this.#fail);
        return;
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#ended) this.#settle.resolve();
    else this.from.resume();
  }

  readonly #again = (): void => {
    this.#busy = false;
    this.#run();
  };

  readonly #fail = (error: unknown): void => {
    this.#stopped = true;
    this.#settle.reject(error);
  };
}
