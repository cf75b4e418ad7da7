import {
  across,
  closePayload,
  encodeFrame,
  FrameReader,
  MessageGatherer,
  opcodes,
  type Side,
} from "../../http/kit.ts";
import { streamFault } from "./fault.ts";
import { type Out, type StreamName, type Streams, type StreamsSink, sourceOf } from "./streams.ts";

/** By the byte that each message begins with. */
const channels: readonly StreamName[] = ["stdin", "stdout", "stderr", "error", "resize"];
/** Version 5: what follows names a channel that ends. */
const endOfChannel = 255;

/** How one of the subprotocols writes messages. */
export interface ChannelForm {
  /** 1, 4 or 5: from 4 on the error stream holds a Status object, from 5 on a stream can end. */
  readonly version: number;
  readonly base64: boolean;
}

/** The subprotocols of exec and attach (kube-apiserver's wsstream), by name. */
export const channelForms: ReadonlyMap<string, ChannelForm> = new Map([
  ["v5.channel.k8s.io", { version: 5, base64: false }],
  ["v4.channel.k8s.io", { version: 4, base64: false }],
  ["v4.base64.channel.k8s.io", { version: 4, base64: true }],
  ["channel.k8s.io", { version: 1, base64: false }],
  ["base64.channel.k8s.io", { version: 1, base64: true }],
]);

/** Streams as channels of a WebSocket's messages. */
export class WebSocketStreams implements Streams {
  readonly #readers: Readonly<Record<Side, FrameReader>>;
  /** Whom a close frame was sent. */
  readonly #closed = new Set<Side>();

  constructor(
    readonly form: ChannelForm,
    readonly out: Out,
    readonly sink: StreamsSink,
    /** Bytes of one message. */
    readonly most: number,
  ) {
    this.#readers = { caller: this.#reader("caller"), resource: this.#reader("resource") };
  }

  push(view: Buffer, from: Side): void {
    this.#readers[from].push(view);
  }

  send(name: StreamName, bytes: Uint8Array): void {
    this.#send(across(sourceOf(name)), channels.indexOf(name), bytes);
  }

  end(name: StreamName): void {
    if (name === "stdin" && this.form.version >= 5) {
      this.#send("resource", endOfChannel, Uint8Array.of(channels.indexOf(name)));
    }
  }

  leave(status: Buffer, text: string): void {
    this.send("error", status);
    this.#frame("caller", opcodes.close, closePayload(1008, text));
    this.#frame("resource", opcodes.close, closePayload(1001, ""));
  }

  #reader(from: Side): FrameReader {
    const to = across(from);
    const gatherer = new MessageGatherer(this.most);
    return new FrameReader(from === "caller", {
      data: (view, part) => {
        const message = gatherer.add(view, part);
        if (message) this.#message(from, message);
      },
      ping: (body) => this.#frame(to, opcodes.ping, body),
      pong: (body) => this.#frame(to, opcodes.pong, body),
      close: (code, text) => {
        if (from === "resource") this.sink.leaving();
        this.#frame(to, opcodes.close, code === undefined ? none : closePayload(code, text.toString()));
      },
    });
  }

  #message(from: Side, message: Buffer): void {
    if (message.length === 0) return;
    const first = message[0] as number;
    const channel = this.form.base64 ? first - zero : first;
    const content = this.form.base64 ? decoded(message.subarray(1)) : message.subarray(1);
    if (channel === endOfChannel && this.form.version >= 5) return this.#endOf(from, content);
    const name = channels[channel];
    if (name === undefined || sourceOf(name) !== from) {
      throw streamFault("a message is of no channel that its sender may use");
    }
    // The cluster opens its channels by empty messages, which some clients wait for.
    if (content.length === 0) this.send(name, content);
    else this.sink.data(name, content);
  }

  #endOf(from: Side, content: Buffer): void {
    if (content.length !== 1) throw streamFault("a channel is ended in no proper form");
    const name = channels[content[0] as number];
    if (name === undefined || sourceOf(name) !== from) {
      throw streamFault("a message is of no channel that its sender may use");
    }
    this.sink.ended(name);
  }

  #send(to: Side, channel: number, bytes: Uint8Array): void {
    if (this.form.base64) {
      const text = `${String.fromCharCode(zero + channel)}${Buffer.from(bytes).toString("base64")}`;
      return this.#frame(to, opcodes.text, Buffer.from(text));
    }
    const message = Buffer.allocUnsafe(1 + bytes.length);
    message[0] = channel;
    message.set(bytes, 1);
    this.#frame(to, opcodes.binary, message);
  }

  #frame(to: Side, opcode: (typeof opcodes)[keyof typeof opcodes], payload: Uint8Array): void {
    if (this.#closed.has(to)) return;
    if (opcode === opcodes.close) this.#closed.add(to);
    this.out(to, encodeFrame(opcode, true, payload, to === "resource"));
  }
}

const none = new Uint8Array(0);
const zero = 48;

function decoded(bytes: Buffer): Buffer {
  const text = bytes.toString("latin1");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) {
    throw streamFault("a message is not in base64");
  }
  return Buffer.from(text, "base64");
}
