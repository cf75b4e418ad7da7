import { WebSocketFault } from "./fault.ts";
import { applyMask, isCloseCode, opcodes } from "./frame.ts";
import { Utf8Check } from "./utf8.ts";

/** What one side of a WebSocket sends. */
export interface WebSocketSink {
  /** Bytes of a message, unmasked, as they arrive; the view is good until the call returns. */
  data(view: Buffer, part: MessagePart): void;
  ping(body: Buffer): void;
  pong(body: Buffer): void;
  /** Nothing follows. `code` undefined: none was sent. */
  close(code: number | undefined, text: Buffer): void;
}

export interface MessagePart {
  readonly text: boolean;
  readonly begins: boolean;
  readonly ends: boolean;
}

const longestHead = 14;
const longestControl = 125;

/**
 * Frames of one direction, strictly as RFC 6455 has them without extensions. Keeps no more than a frame's head and a
 * control frame. Throws WebSocketFault; nothing can be read after it.
 */
export class FrameReader {
  readonly #head = Buffer.alloc(longestHead);
  #have = 0;
  #key: Buffer | undefined;
  /** Of the frame under way: undefined while its head comes. */
  #left: number | undefined;
  #at = 0;
  #opcode = 0;
  #final = false;
  /** The message under way. */
  #message: { readonly text: boolean; begun: boolean } | undefined;
  #utf8: Utf8Check | undefined;
  #control: Buffer[] = [];
  #closed = false;

  /** `masked`: from a client, whose every frame is; a server's none. */
  constructor(
    readonly masked: boolean,
    readonly sink: WebSocketSink,
  ) {}

  /** The view is changed where it is masked. */
  push(view: Buffer): void {
    for (let at = 0; at < view.length && !this.#closed; ) {
      if (this.#left === undefined) {
        at += this.#takeHead(view, at);
        if (this.#left !== 0) continue;
      }
      const length = Math.min(this.#left ?? 0, view.length - at);
      const piece = view.subarray(at, at + length);
      if (this.#key) applyMask(piece, this.#key, this.#at);
      at += length;
      this.#at += length;
      this.#left = (this.#left ?? 0) - length;
      this.#payload(piece, this.#left === 0);
      if (this.#left === 0) this.#left = undefined;
    }
  }

  /** How many bytes of the view were the head's. */
  #takeHead(view: Buffer, from: number): number {
    let at = from;
    while (at < view.length) {
      const needed = this.#needed();
      const length = Math.min(needed - this.#have, view.length - at);
      view.copy(this.#head, this.#have, at, at + length);
      this.#have += length;
      at += length;
      if (this.#have === this.#needed()) {
        this.#begin();
        break;
      }
    }
    return at - from;
  }

  /** Bytes of the head, as far as it is there. */
  #needed(): number {
    if (this.#have < 2) return 2;
    const second = this.#head[1] as number;
    const length = second & 0x7f;
    return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second >= 0x80 ? 4 : 0);
  }

  #begin(): void {
    const head = this.#head;
    const [first, second] = [head[0] as number, head[1] as number];
    this.#final = first >= 0x80;
    this.#opcode = first & 0x0f;
    if ((first & 0x70) !== 0) throw new WebSocketFault(1002, "a frame has reserved bits set");
    if (second >= 0x80 !== this.masked) {
      throw new WebSocketFault(1002, this.masked ? "a frame is not masked" : "a frame is masked");
    }
    const length = this.#length(second & 0x7f);
    if (this.#opcode >= opcodes.close) {
      if (this.#opcode > opcodes.pong) throw new WebSocketFault(1002, "a frame is of no kind");
      if (!this.#final || length > longestControl)
        throw new WebSocketFault(1002, "a control frame is long or in parts");
    } else this.#beginData();
    this.#key = this.masked ? Buffer.from(head.subarray(this.#have - 4, this.#have)) : undefined;
    this.#have = 0;
    this.#at = 0;
    this.#left = length;
  }

  #length(short: number): number {
    if (short < 126) return short;
    const length =
      short === 126
        ? this.#head.readUInt16BE(2)
        : this.#head.readUInt32BE(2) * 2 ** 32 + this.#head.readUInt32BE(6);
    if (length < (short === 126 ? 126 : 65_536) || !Number.isSafeInteger(length)) {
      throw new WebSocketFault(1002, "a frame tells its length in a form that is not its own");
    }
    return length;
  }

  #beginData(): void {
    if (this.#opcode > opcodes.binary) throw new WebSocketFault(1002, "a frame is of no kind");
    if ((this.#opcode === opcodes.more) !== (this.#message !== undefined)) {
      throw new WebSocketFault(1002, "the parts of a message are mixed up");
    }
    if (this.#opcode === opcodes.more) return;
    const text = this.#opcode === opcodes.text;
    this.#message = { text, begun: false };
    this.#utf8 = text ? new Utf8Check() : undefined;
  }

  #payload(piece: Buffer, last: boolean): void {
    if (this.#opcode >= opcodes.close) {
      this.#control.push(Buffer.from(piece));
      if (last) this.#endControl();
      return;
    }
    const message = this.#message as { readonly text: boolean; begun: boolean };
    const ends = last && this.#final;
    if (this.#utf8?.push(piece, ends) === false) throw new WebSocketFault(1007, "a text is not in UTF-8");
    const part = { text: message.text, begins: !message.begun, ends };
    message.begun = true;
    if (ends) this.#message = undefined;
    if (piece.length > 0 || part.begins || ends) this.sink.data(piece, part);
  }

  #endControl(): void {
    const body = Buffer.concat(this.#control);
    this.#control = [];
    if (this.#opcode === opcodes.ping) this.sink.ping(body);
    else if (this.#opcode === opcodes.pong) this.sink.pong(body);
    else this.#close(body);
  }

  #close(body: Buffer): void {
    this.#closed = true;
    if (body.length === 0) return this.sink.close(undefined, body);
    if (body.length === 1 || !isCloseCode(body.readUInt16BE())) {
      throw new WebSocketFault(1002, "the connection is closed with no proper code");
    }
    const text = body.subarray(2);
    if (!new Utf8Check().push(text, true)) throw new WebSocketFault(1007, "a text is not in UTF-8");
    this.sink.close(body.readUInt16BE(), text);
  }
}
