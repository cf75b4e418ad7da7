import {
  encodeEvent,
  frameHeaderBytes,
  frameTypes,
  type Gate,
  writeFrameAt,
  writeTextAt,
} from "../../../core/plugin.ts";
import { BoundedMap } from "../bounded-map.ts";
import type { Asked } from "../dialect.ts";
import type { WholeAnswer } from "../exchange.ts";
import { fieldOf, type ResponseHead } from "../message.ts";
import { Scratch } from "../scratch.ts";
import { atTurnEnd, type Flushable } from "../turn-end.ts";

/** Sessions whose recorder is behind, until it is not: none of their exchanges hands it more meanwhile. */
const behind = new WeakMap<Gate, Promise<void>>();

/** Bytes of a piece that is kept for a moment, to be hashed at once where no other follows. */
const small = 16 * 1024;
/** Bytes of the longest `end` event, and a little more. */
const endRoom = 160;

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
  #text = "";
  #queued = false;

  constructor(
    readonly gate: Gate,
    readonly channel: number,
  ) {}

  /** A request is in the recording before it is anywhere else. */
  request(asked: Asked): void {
    const text = requestText(asked);
    const end = writeTextAt(room(text.length * 3), 0, frameTypes.event, this.channel, text);
    this.#pass(scratch.upTo(end));
  }

  sent(bytes: number, sha256: string): void {
    this.flush();
    this.#pass(encodeEvent(this.channel, { event: "sent", bytes, sha256 }));
  }

  answer({ status, fields }: ResponseHead): void {
    this.flush();
    this.#text = answerText(status, fieldOf(fields, "content-type"));
    this.#wait();
  }

  /** An answer that is all there; its end is told by `end` where it has not left yet. */
  whole({ status, type, body }: WholeAnswer, left: boolean): void {
    this.flush();
    const text = answerText(status, type === "" ? undefined : type);
    const into = room(text.length * 3 + body.length);
    let at = writeTextAt(into, 0, frameTypes.event, this.channel, text);
    if (body.length > 0) at = writeFrameAt(into, at, frameTypes.output, this.channel, body);
    this.#bytes = body.length;
    if (left) {
      const ended = endText(body.length, Bun.SHA256.hash(body, "hex"), true);
      at = writeTextAt(into, at, frameTypes.event, this.channel, ended);
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
    const sha256 = this.#hash?.digest("hex") ?? Bun.SHA256.hash(this.#only ?? nothing, "hex");
    const frames = this.#frames ?? this.#begin(endRoom);
    const text = endText(this.#bytes, sha256, whole);
    this.#filled = writeTextAt(frames, this.#filled, frameTypes.event, this.channel, text);
    this.flush();
  }

  flush(): void {
    this.#queued = false;
    const frames = this.#frames ?? (this.#text === "" ? undefined : this.#begin(0));
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
    const text = this.#text;
    this.#text = "";
    const before = text === "" ? 0 : frameHeaderBytes + Buffer.byteLength(text);
    const frames = Buffer.allocUnsafe(before + room);
    this.#filled = text === "" ? 0 : writeTextAt(frames, 0, frameTypes.event, this.channel, text);
    this.#frames = frames;
    return frames;
  }
}

interface KnownRequest {
  readonly path: string;
  readonly query: string;
  readonly text: string;
}

/** Of requests without a body, by method and target: clients ask for the same things again. */
const known = new BoundedMap<BoundedMap<KnownRequest>>(16, 16);

function requestText({ head: { method, fields }, target, path, query }: Asked): string {
  const type = fieldOf(fields, "content-type");
  if (type !== undefined) return toldOf(method, path, query, type);
  const targets = known.get(method) ?? known.set(method, new BoundedMap(1024, 1024));
  const last = targets.get(target);
  if (last !== undefined && last.path === path && last.query === query) return last.text;
  return targets.set(target, { path, query, text: toldOf(method, path, query, undefined) }).text;
}

function toldOf(method: string, path: string, query: string, type: string | undefined): string {
  const target = JSON.stringify(`${path}${query}`);
  return `{"event":"request","method":${JSON.stringify(method)},"target":${target}${typed(type)}}`;
}

let lastAnswer: { readonly status: number; readonly type: string | undefined; readonly text: string } = {
  status: 0,
  type: undefined,
  text: "",
};

/** The text is nearly always that of the answer before. */
function answerText(status: number, type: string | undefined): string {
  if (lastAnswer.status !== status || lastAnswer.type !== type) {
    lastAnswer = { status, type, text: `{"event":"answer","status":${status}${typed(type)}}` };
  }
  return lastAnswer.text;
}

function endText(bytes: number, sha256: string, whole: boolean): string {
  return `{"event":"end","bytes":${bytes},"sha256":"${sha256}","whole":${whole}}`;
}

/** The member of an event that tells a body's media type. */
function typed(type: string | undefined): string {
  return type === undefined ? "" : `,"type":${JSON.stringify(type)}`;
}

const nothing = new Uint8Array(0);

/** Frames that are handed over at once. */
const scratch = new Scratch(4096);

/** Room for so many bytes of data, and for the heads and the end of three frames. */
function room(bytes: number): Buffer {
  return scratch.room(bytes + 3 * frameHeaderBytes + endRoom);
}
