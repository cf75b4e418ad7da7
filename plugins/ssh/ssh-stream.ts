import { WireStream } from "../../core/plugin.ts";

/** Of the line that each side begins with (RFC 4253, 4.2), as ssh2 takes it. */
const longestLine = 8192;

/** Bytes that are put together before they are sent: beyond them the system calls that it saves cost less than the copy. */
const mostGathered = 128 * 1024;

/**
 * A Wire as the socket that ssh2 wants, which is counted. ssh2 writes a packet in three pieces; what it writes in one step is
 * sent at once, so that the other side is woken once a packet.
 */
export class SshStream extends WireStream {
  #received = 0;
  /** What has come of the first line; undefined: all of it has. */
  #line: Buffer | undefined = Buffer.alloc(0);
  #limit = Number.POSITIVE_INFINITY;
  #reached = () => {};
  #passed = 0;
  #mark = Number.POSITIVE_INFINITY;
  #marked = () => {};
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  /** The wire has not taken what was sent last. */
  #sending = false;
  /** A piece that waits until the wire has. */
  #waits: (() => void) | undefined;

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

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#count(chunk.length);
    if (this.#gathered.length === 0) queueMicrotask(() => this.#send());
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.length;
    if (this.#gatheredBytes >= mostGathered) this.#send();
    if (this.#sending) this.#waits = done;
    else done();
  }

  override _final(done: () => void): void {
    this.#sendLast();
    super._final(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#sendLast();
    super._destroy(error, done);
  }

  #send(): void {
    if (this.#sending || this.#gathered.length === 0) return;
    this.#sending = true;
    super._write(this.#taken(), "buffer", () => {
      this.#sending = false;
      const waits = this.#waits;
      this.#waits = undefined;
      this.#send();
      waits?.();
    });
  }

  /** Nobody waits any more until the wire has taken it. */
  #sendLast(): void {
    if (this.#gathered.length > 0 && !this.wire.closed) this.wire.write(this.#taken());
  }

  #taken(): Buffer {
    const pieces = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  protected override arrived(view: Buffer): boolean {
    this.#received += view.length;
    this.#count(view.length);
    if (this.#received <= this.#limit) return this.#take(view);
    this.#reached();
    return true;
  }

  #count(bytes: number): void {
    this.#passed += bytes;
    if (this.#passed < this.#mark) return;
    this.#mark = Number.POSITIVE_INFINITY;
    this.#marked();
  }

  /** ssh2 loses what comes of the first line between its first piece and its last. */
  #take(view: Buffer): boolean {
    if (!this.#line) return this.push(view);
    const all = Buffer.concat([this.#line, view]);
    const whole = all.includes(10) || all.length > longestLine;
    this.#line = whole ? undefined : all;
    return whole ? this.push(all) : true;
  }
}
