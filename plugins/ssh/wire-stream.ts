import { Duplex } from "node:stream";
import type { Wire } from "../../core/plugin.ts";

/** Bytes that wait to be sent; beyond them nothing more is read. */
const mostUnsent = 1024 * 1024;

/** Of the line that each side begins with (RFC 4253, 4.2), as ssh2 takes it. */
const longestLine = 8192;

/**
 * A Wire as the socket that ssh2 wants. The wire streams from here on. Back-pressure goes both ways: what ssh2 does
 * not read pauses the wire, and a write waits while the wire is full. ssh2 answers what it reads whether or not the
 * answers are taken, so that who asks without listening is not read either.
 */
export class WireStream extends Duplex {
  readonly remoteAddress: string;
  #received = 0;
  /** What has come of the first line; undefined: all of it has. */
  #line: Buffer | undefined = Buffer.alloc(0);
  #limit = Number.POSITIVE_INFINITY;
  #reached = () => {};
  #passed = 0;
  #mark = Number.POSITIVE_INFINITY;
  #marked = () => {};
  #waits: (() => void) | undefined;
  #over = false;

  constructor(readonly wire: Wire) {
    super();
    this.remoteAddress = wire.remote;
    wire.stream({
      data: (view) => {
        this.#received += view.length;
        this.#count(view.length);
        if (this.#received > this.#limit) this.#reached();
        else if (!this.#take(view) || this.#full) wire.pause();
      },
      drain: () => this.#drained(),
      close: () => this.#lost(),
    });
    // A wire that this side ends tells its sink nothing more, and ssh2 closes its channels when its socket closes.
    void wire.gone.then(() => this.#lost());
  }

  /** Calls `reached` instead of handing on what is beyond so many bytes in all. */
  limit(bytes: number, reached: () => void): void {
    this.#limit = bytes;
    this.#reached = reached;
  }

  /** Calls `passed` once, when so many bytes more have gone through, both directions together. */
  after(bytes: number, passed: () => void): void {
    this.#mark = this.#passed + bytes;
    this.#marked = passed;
  }

  /** ssh2 asks for it; core has set it. */
  setNoDelay(): this {
    return this;
  }

  override _read(): void {
    if (!this.#full) this.wire.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#count(chunk.length);
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

  #count(bytes: number): void {
    this.#passed += bytes;
    if (this.#passed < this.#mark) return;
    this.#mark = Number.POSITIVE_INFINITY;
    this.#marked();
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

  /** ssh2 loses what comes of the first line between its first piece and its last. */
  #take(view: Uint8Array): boolean {
    if (!this.#line) return this.push(view);
    const all = Buffer.concat([this.#line, view]);
    const whole = all.includes(10) || all.length > longestLine;
    this.#line = whole ? undefined : all;
    return whole ? this.push(all) : true;
  }

  get #full(): boolean {
    return this.writableLength > mostUnsent;
  }
}
