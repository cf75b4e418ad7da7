import { encodeEvent, frameHeaderBytes, frameTypes, type Gate, writeFrameAt } from "../../../core/plugin.ts";
import { BoundedMap } from "../bounded-map.ts";
import type { Asked } from "../dialect.ts";
import type { WholeAnswer } from "../exchange.ts";
import { fieldOf, longestMethod, type ResponseHead } from "../message.ts";
import { Scratch } from "../scratch.ts";
import { atTurnEnd, type Flushable } from "../turn-end.ts";
import { endRoom, writeEndAt } from "./end-event.ts";

/** Sessions whose recorder is behind, until it is not: none of their exchanges hands it more meanwhile. */
const behind = new WeakMap<Gate, Promise<void>>();

/** Bytes of a piece that is kept for a moment, to be hashed at once where no other follows. */
const small = 16 * 1024;
/** What `hashed` returns, until it is called again. */
const digest = new Uint8Array(32);

/**
 * One exchange in its session's recording. What an answer brings in one turn of the loop is handed over together, at
 * the turn's end at the latest: its head, a piece, its end. `ChannelEvent` says what the events are.
 */
export class ExchangeRecord implements Flushable {
  #hash: Bun.CryptoHasher | undefined;
  /** The only piece so far, where it is small. */
  #only: Uint8Array | undefined;
  #bytes = 0;
  /** Frames that are to be handed over, up to `#filled`. */
  #frames: Buffer | undefined;
  #filled = 0;
  /** An event that goes before them. */
  #event: Uint8Array | undefined;
  #queued = false;

  constructor(
    readonly gate: Gate,
    readonly channel: number,
  ) {}

  /** A request is in the recording before it is anywhere else. */
  request(asked: Asked): void {
    const event = requestEvent(asked);
    const end = writeFrameAt(room(event.length), 0, frameTypes.event, this.channel, event);
    this.#pass(scratch.upTo(end));
  }

  sent(bytes: number, sha256: string): void {
    this.flush();
    this.#pass(encodeEvent(this.channel, { event: "sent", bytes, sha256 }));
  }

  answer({ status, fields }: ResponseHead): void {
    this.flush();
    this.#event = answerEvent(status, fieldOf(fields, "content-type"));
    this.#wait();
  }

  /** An answer that is all there; its end is told by `end` where it has not left yet. */
  whole({ status, type, body }: WholeAnswer, left: boolean): void {
    this.flush();
    const event = answerEvent(status, type === "" ? undefined : type);
    const into = room(event.length + body.length);
    let at = writeFrameAt(into, 0, frameTypes.event, this.channel, event);
    if (body.length > 0) at = writeFrameAt(into, at, frameTypes.output, this.channel, body);
    this.#bytes = body.length;
    if (left) {
      at = writeEndAt(into, at, this.channel, body.length, hashed(body), true);
    } else this.#hasher().update(body);
    this.#pass(scratch.upTo(at));
  }

  /** A promise: the recorder is behind with what this session's exchanges gave it. Nothing is given to `output` until it is kept. */
  get waits(): Promise<void> | undefined {
    this.flush();
    return behind.get(this.gate);
  }

  output(view: Uint8Array): void {
    if (this.#frames) this.flush();
    const frames = this.#begin(frameHeaderBytes + view.length + endRoom);
    const end = writeFrameAt(frames, this.#filled, frameTypes.output, this.channel, view);
    const data = frames.subarray(end - view.length, end);
    this.#filled = end;
    if (this.#bytes === 0 && view.length <= small) this.#only = data;
    else this.#hasher().update(data);
    this.#bytes += view.length;
    this.#wait();
  }

  end(whole: boolean): void {
    const sha256 = this.#hash?.digest() ?? hashed(this.#only ?? nothing);
    const frames = this.#frames ?? this.#begin(endRoom);
    this.#filled = writeEndAt(frames, this.#filled, this.channel, this.#bytes, sha256, whole);
    this.flush();
  }

  flush(): void {
    this.#queued = false;
    const frames = this.#frames ?? (this.#event && this.#begin(0));
    this.#frames = undefined;
    if (frames) this.#pass(frames.subarray(0, this.#filled));
  }

  #pass(frames: Buffer): void {
    const kept = this.gate.passed(frames);
    if (!kept) return;
    const { gate } = this;
    const whole = Promise.all([behind.get(gate), kept]).then(() => {
      if (behind.get(gate) === whole) behind.delete(gate);
    });
    behind.set(gate, whole);
  }

  #hasher(): Bun.CryptoHasher {
    this.#hash ??= new Bun.CryptoHasher("sha256").update(this.#only ?? nothing);
    this.#only = undefined;
    return this.#hash;
  }

  #wait(): void {
    if (this.#queued) return;
    this.#queued = true;
    atTurnEnd(this);
  }

  /** Frames with the event that waits, and room for so many bytes more. */
  #begin(room: number): Buffer {
    const event = this.#event;
    this.#event = undefined;
    const before = event ? frameHeaderBytes + event.length : 0;
    const frames = Buffer.allocUnsafe(before + room);
    this.#filled = event ? writeFrameAt(frames, 0, frameTypes.event, this.channel, event) : 0;
    this.#frames = frames;
    return frames;
  }
}

interface KnownRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly event: Uint8Array;
}

/** Of requests without a body, by target: clients ask for the same things again, mostly in the same way. */
const known = new BoundedMap<KnownRequest>(2048, 1024);

function requestEvent({ head: { method, fields }, target, path, query }: Asked): Uint8Array {
  const type = fieldOf(fields, "content-type");
  if (type !== undefined) return toldOf(method, path, query, type);
  const last = known.get(target);
  if (last !== undefined && last.method === method && last.path === path && last.query === query)
    return last.event;
  const event = toldOf(method, path, query, undefined);
  // The map looks at the target alone, and a method may be as long as a head.
  if (method.length > longestMethod) return event;
  return known.set(target, { method, path, query, event }).event;
}

function toldOf(method: string, path: string, query: string, type: string | undefined): Uint8Array {
  const target = JSON.stringify(`${path}${query}`);
  return inBytes(`{"event":"request","method":${JSON.stringify(method)},"target":${target}${typed(type)}}`);
}

let lastAnswer: { readonly status: number; readonly type: string | undefined; readonly event: Uint8Array } = {
  status: 0,
  type: undefined,
  event: new Uint8Array(0),
};

/** Nearly always that of the answer before. */
function answerEvent(status: number, type: string | undefined): Uint8Array {
  if (lastAnswer.status !== status || lastAnswer.type !== type) {
    lastAnswer = { status, type, event: inBytes(`{"event":"answer","status":${status}${typed(type)}}`) };
  }
  return lastAnswer.event;
}

/** Memory of its own: it is kept. */
function inBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The member of an event that tells a body's media type. */
function typed(type: string | undefined): string {
  return type === undefined ? "" : `,"type":${JSON.stringify(type)}`;
}

function hashed(bytes: Uint8Array): Uint8Array {
  Bun.SHA256.hash(bytes, digest);
  return digest;
}

const nothing = new Uint8Array(0);

/** Frames that are handed over at once. */
const scratch = new Scratch(4096);

/** Room for so many bytes of data, and for the heads and the end of three frames. */
function room(bytes: number): Buffer {
  return scratch.room(bytes + 3 * frameHeaderBytes + endRoom);
}
