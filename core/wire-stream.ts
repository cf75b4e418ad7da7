import { Duplex } from "node:stream";
import type { Wire } from "./wire.ts";

/** Bytes that wait to be sent; beyond them nothing more is read. */
const mostUnsent = 1024 * 1024;

/**
 * A Wire as the socket that a library of the Node ecosystem wants. The wire streams from the next step on. Back-pressure goes
 * both ways: what the library does not read pauses the wire, and a write waits while the wire is full. Libraries answer
 * what they read whether or not the answers are taken, so that who asks without listening is not read either.
 */
export class WireStream extends Duplex {
  readonly remoteAddress: string;
  #waits: (() => void) | undefined;
  #over = false;

  constructor(readonly wire: Wire) {
    super();
    this.remoteAddress = wire.remote;
    // A wire that this side ends tells its sink nothing more, and a library closes its channels when its socket closes.
    void wire.gone.then(() => this.#lost());
  }

  /** In the next step, when a class that extends this one has been set up too: what is unread comes at once. */
  override _construct(done: () => void): void {
    done();
    this.wire.stream({
      data: (view) => {
        if (!this.arrived(view) || this.#full) this.wire.pause();
      },
      drain: () => this.#drained(),
      close: () => this.#lost(),
    });
  }

  /** Libraries ask for it; core has set it. */
  setNoDelay(): this {
    return this;
  }

  /** What has come: `push` hands it on. False: no more for now, until it is read. */
  protected arrived(view: Buffer): boolean {
    return this.push(view);
  }

  override _read(): void {
    if (!this.#full) this.wire.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    if (this.#over || this.wire.write(chunk)) done();
    else this.#waits = done;
  }

  override _final(done: () => void): void {
    this.wire.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#over) this.wire.end();
    done(error);
  }

  #lost(): void {
    if (this.#over) return;
    this.#over = true;
    this.push(null);
    this.#drained();
    this.destroy();
  }

  #drained(): void {
    const waits = this.#waits;
    this.#waits = undefined;
    waits?.();
    if (waits && !this.#over) this.wire.resume();
  }

  get #full(): boolean {
    return this.writableLength > mostUnsent;
  }
}
