import { type ChannelEvent, encodeEvent, encodeFrame, frameTypes, type Gate } from "../../../core/plugin.ts";
import type { Asked } from "../dialect.ts";
import { fieldOf, type ResponseHead } from "../message.ts";
import { atTurnEnd, type Flushable } from "../turn-end.ts";

/** Sessions whose recorder is behind, until it is not: none of their exchanges hands it more meanwhile. */
const behind = new WeakMap<Gate, Promise<void>>();

/** Bytes of a piece that is kept for a moment, to be hashed at once where no other follows. */
const small = 16 * 1024;

/**
 * One exchange in its session's recording. Frames of an answer that come in one turn of the loop are handed over together,
 * when it ends at the latest.
 */
export class ExchangeRecord implements Flushable {
  #hash: Bun.CryptoHasher | undefined;
  /** The only piece so far, where it is small. */
  #only: Uint8Array | undefined;
  #bytes = 0;
  #frames: Buffer[] = [];

  constructor(
    readonly gate: Gate,
    readonly channel: number,
  ) {}

  request({ head, path, query }: Asked): void {
    const type = fieldOf(head.fields, "content-type");
    const target = `${path}${query}`;
    const { method } = head;
    const event = "request";
    this.#now(type === undefined ? { event, method, target } : { event, method, target, type });
  }

  sent(bytes: number, sha256: string): void {
    this.#now({ event: "sent", bytes, sha256 });
  }

  answer({ status, fields }: ResponseHead): void {
    const type = fieldOf(fields, "content-type");
    this.#soon(
      this.#event(type === undefined ? { event: "answer", status } : { event: "answer", status, type }),
    );
  }

  /** A promise: the recorder is behind with what this session's exchanges gave it. Nothing is given to `output` until it is kept. */
  get waits(): Promise<void> | undefined {
    this.flush();
    return behind.get(this.gate);
  }

  output(view: Uint8Array): void {
    const frame = encodeFrame(frameTypes.output, this.channel, view);
    const data = frame.subarray(frame.length - view.length);
    if (this.#bytes === 0 && view.length <= small) this.#only = data;
    else this.#hasher().update(data);
    this.#bytes += view.length;
    this.#soon(frame);
  }

  end(whole: boolean): void {
    const sha256 = this.#hash?.digest("hex") ?? Bun.SHA256.hash(this.#only ?? nothing, "hex");
    this.#frames.push(this.#event({ event: "end", bytes: this.#bytes, sha256, whole }));
    this.flush();
  }

  flush(): void {
    const [first, ...more] = this.#frames;
    if (first === undefined) return;
    this.#frames = [];
    const kept = this.gate.passed(more.length === 0 ? first : Buffer.concat([first, ...more]));
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

  #soon(frame: Buffer): void {
    if (this.#frames.push(frame) === 1) atTurnEnd(this);
  }

  /** A request is in the recording before it is anywhere else. */
  #now(event: ChannelEvent): void {
    this.#frames.push(this.#event(event));
    this.flush();
  }

  #event(event: ChannelEvent): Buffer {
    return encodeEvent(this.channel, event);
  }
}

const nothing = new Uint8Array(0);
