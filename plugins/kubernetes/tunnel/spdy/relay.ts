import { across, type Side } from "../../../http/kit.ts";
import { streamFault } from "../fault.ts";
import { controlFrame, dataFrames, fin, types } from "./frame.ts";
import { HeaderReader, type Headers, HeaderWriter } from "./headers.ts";
import { SpdyReader } from "./reader.ts";

/** Who says what becomes of the streams of one connection. */
export interface StreamSink {
  /** The caller opens a stream. Throws to end the connection. */
  opened(stream: number, headers: Headers): void;
  /** The view is good until the call returns. It goes on where the sink sends it. */
  data(stream: number, from: Side, view: Buffer): void;
  /** This side's last was there; it ends for the other side where the sink ends it. */
  ended(stream: number, from: Side): void;
  /** Either side gave it up: both know. */
  reset(stream: number): void;
  /** The resource ends the connection, as soon as this returns. */
  leaving(): void;
}

interface Stream {
  replied: boolean;
  /** Who has sent its last. */
  readonly ended: Set<Side>;
  /** Whom the other side's last was sent. */
  readonly told: Set<Side>;
}

/** Pings that the other side has not answered. */
const mostPings = 32;
const mostSettings = 32;

/**
 * SPDY/3.1 between a caller and a cluster, as Kubernetes uses it: only the caller opens streams, and nobody keeps to
 * windows. Each frame is read, and written anew; headers too, so that both ends of the gateway read the same.
 */
export class SpdyRelay {
  readonly #streams = new Map<number, Stream>();
  #lastStream = 0;
  readonly #sides: Readonly<
    Record<Side, { reader: SpdyReader; unpack: HeaderReader; pack: HeaderWriter; pings: number }>
  >;

  /** `most`: streams that may be open at once. */
  constructor(
    readonly out: (to: Side, bytes: Uint8Array) => void,
    readonly sink: StreamSink,
    readonly most: number,
  ) {
    const side = (from: Side) => ({
      reader: new SpdyReader({
        control: (type, flags, body) => this.#control(from, type, flags, body),
        data: (stream, view, last) => this.#data(from, stream, view, last),
      }),
      unpack: new HeaderReader(),
      pack: new HeaderWriter(),
      pings: 0,
    });
    this.#sides = { caller: side("caller"), resource: side("resource") };
  }

  /** Throws PosternError `kubernetes.stream`. */
  push(view: Buffer, from: Side): void {
    this.#sides[from].reader.push(view);
  }

  /** Nothing where the stream is over. */
  send(to: Side, stream: number, bytes: Uint8Array): void {
    const open = this.#streams.get(stream);
    if (!open || open.told.has(to) || bytes.length === 0) return;
    for (const frame of dataFrames(stream, bytes, false)) this.out(to, frame);
  }

  end(to: Side, stream: number): void {
    const open = this.#streams.get(stream);
    if (!open || open.told.has(to)) return;
    open.told.add(to);
    for (const frame of dataFrames(stream, none, true)) this.out(to, frame);
    if (open.told.size === 2) this.#streams.delete(stream);
  }

  /** Tells a side that nothing follows. */
  leave(to: Side): void {
    this.out(to, controlFrame(types.goAway, 0, Buffer.alloc(8)));
  }

  #data(from: Side, id: number, view: Buffer, last: boolean): void {
    const stream = this.#streams.get(id);
    if (!stream) {
      // What was under way when the stream ended.
      if (id > this.#lastStream || id % 2 === 0) throw streamFault("it has data of no stream");
      return;
    }
    if (stream.ended.has(from)) throw streamFault("a stream goes on behind its end");
    if (view.length > 0) this.sink.data(id, from, view);
    if (last) this.#ended(id, stream, from);
  }

  #ended(id: number, stream: Stream, from: Side): void {
    stream.ended.add(from);
    this.sink.ended(id, from);
  }

  #control(from: Side, type: number, flags: number, body: Buffer): void {
    const to = across(from);
    switch (type) {
      case types.open:
        return this.#open(from, flags, body);
      case types.reply:
      case types.headers:
        return this.#headers(from, type, flags, body);
      case types.reset:
        sized(body, 8);
        if (this.#streams.delete(body.readUInt32BE(0))) {
          this.out(to, controlFrame(type, 0, body));
          this.sink.reset(body.readUInt32BE(0));
        }
        return;
      case types.window:
        sized(body, 8);
        if (body.readUInt32BE(0) !== 0 && !this.#streams.has(body.readUInt32BE(0))) return;
        break;
      case types.settings:
        if (body.length < 4 || body.readUInt32BE(0) > mostSettings)
          throw streamFault("it has settings of no form");
        sized(body, 4 + 8 * body.readUInt32BE(0));
        break;
      case types.ping:
        sized(body, 4);
        this.#ping(from, body.readUInt32BE(0));
        break;
      case types.goAway:
        sized(body, 8);
        if (from === "resource") this.sink.leaving();
        break;
      default:
        throw streamFault("it has a frame of an unknown type");
    }
    this.out(to, controlFrame(type, flags, body));
  }

  /** Whoever asks counts odd as a client, even as a server; an answer has the number of its question. */
  #ping(from: Side, id: number): void {
    const asks = (id % 2 === 1) === (from === "caller");
    const side = this.#sides[asks ? from : across(from)];
    side.pings += asks ? 1 : -1;
    if (side.pings > mostPings || side.pings < 0) throw streamFault("it has pings without end");
  }

  #open(from: Side, flags: number, body: Buffer): void {
    if (from !== "caller") throw streamFault("the cluster opens a stream");
    if (body.length < 10 || flags > fin) throw streamFault("a stream is opened in no proper form");
    const id = body.readUInt32BE(0);
    if (id % 2 === 0 || id <= this.#lastStream || id > 0x7fff_ffff || body.readUInt32BE(4) !== 0)
      throw streamFault("a stream is opened in no proper form");
    if (this.#streams.size >= this.most) throw streamFault("it has too many streams");
    const headers = this.#sides.caller.unpack.read(body.subarray(10));
    this.sink.opened(id, headers);
    this.#lastStream = id;
    const stream: Stream = { replied: false, ended: new Set(), told: new Set() };
    this.#streams.set(id, stream);
    // Its end is told where the sink ends it.
    const packed = this.#sides.caller.pack.write(headers);
    this.out("resource", controlFrame(types.open, 0, Buffer.concat([body.subarray(0, 10), packed])));
    if (flags === fin) this.#ended(id, stream, "caller");
  }

  #headers(from: Side, type: number, flags: number, body: Buffer): void {
    if (body.length < 4 || flags > fin) throw streamFault("it has headers of no form");
    const id = body.readUInt32BE(0);
    const { unpack, pack } = this.#sides[from];
    const headers = unpack.read(body.subarray(4));
    const stream = this.#streams.get(id);
    if (!stream) {
      if (id > this.#lastStream || id % 2 === 0) throw streamFault("it has headers of no stream");
      return;
    }
    if (type === types.reply) {
      if (from === "caller" || stream.replied) throw streamFault("a stream is answered twice");
      stream.replied = true;
    }
    const packed = pack.write(headers);
    this.out(across(from), controlFrame(type, 0, Buffer.concat([body.subarray(0, 4), packed])));
    if (flags === fin && !stream.ended.has(from)) this.#ended(id, stream, from);
  }
}

const none = new Uint8Array(0);

function sized(body: Buffer, length: number): void {
  if (body.length !== length) throw streamFault("a control frame has another length than its type");
}
