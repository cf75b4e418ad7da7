import { type ChannelEvent, encodeEvent, encodeFrame, frameTypes, type Gate } from "../../../core/plugin.ts";
import type { Asked } from "../dialect.ts";
import { fieldOf, type ResponseHead } from "../message.ts";

/** Sessions whose recorder is behind, until it is not: none of their exchanges hands it more meanwhile. */
const behind = new WeakMap<Gate, Promise<void>>();

/** One exchange in its session's recording. */
export class ExchangeRecord {
  readonly #hash = new Bun.CryptoHasher("sha256");
  #bytes = 0;

  constructor(
    readonly gate: Gate,
    readonly channel: number,
  ) {}

  request({ head, path, query }: Asked): void {
    const type = fieldOf(head.fields, "content-type");
    this.#event({
      event: "request",
      method: head.method,
      target: `${path}${query}`,
      ...(type === undefined ? {} : { type }),
    });
  }

  sent(bytes: number, sha256: string): void {
    this.#event({ event: "sent", bytes, sha256 });
  }

  answer({ status, fields }: ResponseHead): void {
    const type = fieldOf(fields, "content-type");
    this.#event({ event: "answer", status, ...(type === undefined ? {} : { type }) });
  }

  /** A promise: the recorder is behind with what this session's exchanges gave it. Nothing is given to `output` until it is kept. */
  get waits(): Promise<void> | undefined {
    return behind.get(this.gate);
  }

  output(view: Uint8Array): void {
    this.#bytes += view.length;
    this.#hash.update(view);
    const kept = this.gate.passed(encodeFrame(frameTypes.output, this.channel, view));
    if (!kept) return;
    const { gate } = this;
    const whole = Promise.all([behind.get(gate), kept]).then(() => {
      if (behind.get(gate) === whole) behind.delete(gate);
    });
    behind.set(gate, whole);
  }

  end(whole: boolean): void {
    this.#event({ event: "end", bytes: this.#bytes, sha256: this.#hash.digest("hex"), whole });
  }

  #event(event: ChannelEvent): void {
    void this.gate.passed(encodeEvent(this.channel, event));
  }
}
