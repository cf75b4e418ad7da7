import { WireStream } from "../../core/plugin.ts";

/** Of the line that each side begins with (RFC 4253, 4.2), as ssh2 takes it. */
const longestLine = 8192;

/** A Wire as the socket that ssh2 wants, which is counted. */
export class SshStream extends WireStream {
  #received = 0;
  /** What has come of the first line; undefined: all of it has. */
  #line: Buffer | undefined = Buffer.alloc(0);
  #limit = Number.POSITIVE_INFINITY;
  #reached = () => {};
  #passed = 0;
  #mark = Number.POSITIVE_INFINITY;
  #marked = () => {};

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

  override _write(chunk: Buffer, encoding: string, done: (error?: Error) => void): void {
    this.#count(chunk.length);
    super._write(chunk, encoding, done);
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
