import { Allowance } from "./allowance.ts";
import { frameFlags, frameHead, frameTypes, longestFrame } from "./frames.ts";

export interface FrameLimits {
  /** Bytes of one block of fields as it is sent, compressed. */
  readonly header: number;
  /** Frames that carry nothing of a message (PING, SETTINGS, WINDOW_UPDATE, empty DATA …): at once, and a second. */
  readonly control: readonly [most: number, aSecond: number];
  /** Streams that come to nothing: at once, and a second. Those whose answer was whole are given back (`finished`). */
  readonly vain: readonly [most: number, aSecond: number];
}

/** Bytes of messages that pass for one frame of control that they are worth. */
const worth = 2048;
/** CONTINUATION frames of one block. */
const mostContinuations = 16;
/** Streams whose end is remembered though nobody asks for it. */
const mostKept = 2048;

/**
 * Watches the frames that one side sends, before anything else reads them: counts what costs the reader more than the
 * sender (resets: CVE-2023-44487; CONTINUATION: CVE-2024-27316; pings, settings, empty frames, small windows:
 * CVE-2019-9511 to 9518), and keeps which streams that side has ended. The library behind it tells an end of a
 * stream also where it was reset, so that a broken body would pass for a whole one.
 */
export class FrameGuard {
  readonly #control: Allowance;
  readonly #vain: Allowance;
  readonly #head = Buffer.alloc(frameHead);
  #have = 0;
  /** Bytes that are passed over: of the preface, or of a payload. */
  #skip: number;
  #first = true;
  /** The stream whose block of fields is not whole; 0: none. */
  #block = 0;
  #blockBytes = 0;
  #blockFrames = 0;
  #blockEnds = false;
  #last = 0;
  #passed = 0;
  readonly #ended = new Set<number>();

  /** `prefaced`: bytes that come before the first frame. */
  constructor(
    readonly limits: FrameLimits,
    prefaced: number,
  ) {
    this.#control = new Allowance(...limits.control);
    this.#vain = new Allowance(...limits.vain);
    this.#skip = prefaced;
  }

  /** What has come. Returns why the connection is to be ended; undefined: it may go on. */
  take(view: Buffer): string | undefined {
    for (let at = 0; at < view.length; ) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, view.length - at);
        this.#skip -= passed;
        at += passed;
        continue;
      }
      const part = Math.min(frameHead - this.#have, view.length - at);
      view.copy(this.#head, this.#have, at, at + part);
      this.#have += part;
      at += part;
      if (this.#have < frameHead) break;
      this.#have = 0;
      const fault = this.#frame();
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** Bytes that are sent to that side: it has to make room for more of them, frame by frame. */
  sent(bytes: number): void {
    this.#pays(bytes);
  }

  /** Part of a block of fields is here, and its rest is not. */
  get inBlock(): boolean {
    return this.#block !== 0;
  }

  /** That side has said that the stream is whole. */
  ended(stream: number): boolean {
    return this.#ended.has(stream);
  }

  /** The stream is over. `whole`: its answer was. */
  finished(stream: number, whole: boolean): void {
    this.#ended.delete(stream);
    if (whole) this.#vain.give(1);
  }

  #frame(): string | undefined {
    const head = this.#head;
    const length = head.readUIntBE(0, 3);
    const type = head[3] as number;
    const flags = head[4] as number;
    const stream = head.readUInt32BE(5) & 0x7fffffff;
    if (length > longestFrame) return "a frame is longer than 16384 bytes";
    this.#skip = length;
    if (this.#first) {
      this.#first = false;
      if (type !== frameTypes.settings || (flags & frameFlags.acknowledges) !== 0)
        return "the first frame is not SETTINGS";
    }
    if (this.#block !== 0) return this.#continues(type, flags, stream, length);
    switch (type) {
      case frameTypes.headers:
        return this.#begins(flags, stream, length);
      case frameTypes.data:
        if ((flags & frameFlags.endStream) !== 0) this.#end(stream);
        else if (length === 0 || ((flags & frameFlags.padded) !== 0 && length < 256)) return this.#costs();
        this.#pays(length);
        return undefined;
      case frameTypes.continuation:
        return "a CONTINUATION frame continues nothing";
      case frameTypes.pushPromise:
        return "a PUSH_PROMISE frame was not asked for";
      default:
        return this.#costs();
    }
  }

  #begins(flags: number, stream: number, length: number): string | undefined {
    if (stream > this.#last) {
      this.#last = stream;
      if (!this.#vain.take()) return "too many streams come to nothing";
    } else {
      const fault = this.#costs();
      if (fault !== undefined) return fault;
    }
    this.#blockEnds = (flags & frameFlags.endStream) !== 0;
    this.#blockBytes = length;
    this.#blockFrames = 0;
    return this.#blockIs(flags, stream);
  }

  #continues(type: number, flags: number, stream: number, length: number): string | undefined {
    if (type !== frameTypes.continuation || stream !== this.#block)
      return "a block of fields is not continued by the next frame";
    this.#blockBytes += length;
    this.#blockFrames++;
    if (length === 0 && (flags & frameFlags.endHeaders) === 0) return "a CONTINUATION frame is empty";
    if (this.#blockFrames > mostContinuations) return "a block of fields has too many CONTINUATION frames";
    return this.#blockIs(flags, stream);
  }

  #blockIs(flags: number, stream: number): string | undefined {
    if (this.#blockBytes > this.limits.header + longestFrame) return "a block of fields is too long";
    const whole = (flags & frameFlags.endHeaders) !== 0;
    this.#block = whole ? 0 : stream;
    if (whole && this.#blockEnds) this.#end(stream);
    return undefined;
  }

  #end(stream: number): void {
    this.#ended.add(stream);
    if (this.#ended.size <= mostKept) return;
    // Streams that were refused before anybody heard of them: the oldest are of no interest any more.
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest);
      break;
    }
  }

  #costs(): string | undefined {
    return this.#control.take() ? undefined : "too many frames carry nothing";
  }

  #pays(bytes: number): void {
    this.#passed += bytes;
    if (this.#passed < worth) return;
    this.#control.give(Math.floor(this.#passed / worth));
    this.#passed %= worth;
  }
}
