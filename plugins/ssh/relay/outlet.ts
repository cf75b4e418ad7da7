import type { Channel, Client, Connection, ServerChannel } from "ssh2";
import { congestion } from "../congestion.ts";

/** What of ssh2's channel a write that waited leaves behind. */
interface Leftover {
  _chunk?: unknown;
  _chunkcb?: unknown;
  _chunkErr?: unknown;
  _chunkcbErr?: unknown;
}

/**
 * Bytes into one channel, one write at a time: output and error output of a channel share its window, and ssh2
 * sends a piece twice where both of them wait for it. A write is over when the window and the socket have taken it.
 */
export class Outlet {
  #last: Promise<void> | undefined;
  readonly #closed: Promise<void>;

  constructor(
    readonly channel: Channel,
    readonly connection: Connection | Client,
  ) {
    this.#closed = new Promise((resolve) => channel.once("close", () => resolve()));
  }

  /** A promise: nothing more should be read for this channel until it is kept. Never rejects. */
  write(bytes: Uint8Array, error = false): Promise<void> | undefined {
    const waits = this.#last ? this.#last.then(() => this.#now(bytes, error)) : this.#now(bytes, error);
    if (!waits) return undefined;
    const mine = waits.then(() => {
      if (this.#last === mine) this.#last = undefined;
    });
    this.#last = mine;
    return mine;
  }

  /** Everything has been taken. */
  async settled(): Promise<void> {
    while (this.#last) await this.#last;
  }

  #now(bytes: Uint8Array, error: boolean): Promise<void> | undefined {
    const { channel } = this;
    const into = error ? (channel as ServerChannel).stderr : channel;
    if (!into.writable) return undefined;
    let taken = () => {};
    into.write(bytes, () => taken());
    if (into.writableLength === 0) return congestion(this.connection);
    const whole = new Promise<void>((resolve) => {
      taken = resolve;
    });
    return Promise.race([whole, this.#closed]).then(() => {
      forget(channel);
      return congestion(this.connection);
    });
  }
}

/** ssh2 would take a piece that has gone for one that waits, at the next change of the window. */
function forget(channel: Channel): void {
  const leftover = channel as unknown as Leftover;
  leftover._chunk = undefined;
  leftover._chunkcb = undefined;
  leftover._chunkErr = undefined;
  leftover._chunkcbErr = undefined;
}
