import { streamFault } from "../fault.ts";

/** What one side of a SPDY connection sends. */
export interface FrameSink {
  control(type: number, flags: number, body: Buffer): void;
  /** Bytes of a data frame as they arrive; `last`: the side's last on this stream. */
  data(stream: number, view: Buffer, last: boolean): void;
}

/** Bytes of a control frame: a few headers that are a word each. */
const longestControl = 16 * 1024;
const headBytes = 8;

/** Frames of one direction (SPDY protocol draft 3.1, 2.2). Keeps no more than one control frame. */
export class SpdyReader {
  readonly #head = Buffer.alloc(headBytes);
  #have = 0;
  #left = 0;
  #control: Buffer | undefined;
  #got = 0;

  constructor(readonly sink: FrameSink) {}

  /** Throws PosternError `kubernetes.stream`; nothing can be read after it. */
  push(view: Buffer): void {
    for (let at = 0; at < view.length; ) {
      if (this.#have < headBytes) {
        const length = Math.min(headBytes - this.#have, view.length - at);
        view.copy(this.#head, this.#have, at, at + length);
        this.#have += length;
        at += length;
        if (this.#have < headBytes) return;
        this.#begin();
        if (this.#left > 0) continue;
      }
      const length = Math.min(this.#left, view.length - at);
      this.#left -= length;
      this.#payload(view.subarray(at, at + length));
      at += length;
    }
  }

  #begin(): void {
    this.#left = this.#head.readUIntBE(5, 3);
    if ((this.#head[0] as number) < 0x80) return;
    if (this.#head.readUInt16BE(0) !== 0x8003) throw streamFault("a frame is not of SPDY/3");
    if (this.#left > longestControl) throw streamFault("a control frame is too long");
    this.#control = Buffer.allocUnsafe(this.#left);
    this.#got = 0;
  }

  #payload(piece: Buffer): void {
    const flags = this.#head[4] as number;
    const whole = this.#left === 0;
    if (whole) this.#have = 0;
    if (this.#control) {
      piece.copy(this.#control, this.#got);
      this.#got += piece.length;
      if (!whole) return;
      const body = this.#control;
      this.#control = undefined;
      this.sink.control(this.#head.readUInt16BE(2), flags, body);
    } else {
      if (flags > 1) throw streamFault("a data frame has unknown flags");
      this.sink.data(this.#head.readUInt32BE(0), piece, whole && flags === 1);
    }
  }
}
