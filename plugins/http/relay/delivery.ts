import type { Pass, PosternError } from "../../../core/plugin.ts";
import type { Shown } from "../body/index.ts";
import type { BodyLength, Exchange } from "../exchange.ts";
import type { Fields, ResponseHead } from "../message.ts";
import type { ExchangeRecord } from "./exchange-record.ts";

/** Who supplies what a delivery takes to the caller. */
export interface Supplier {
  /** Whoever looks into the body takes more from the resource. */
  resume(): void;
  /** `data` returned false; the caller takes more now. */
  takesMore(): void;
  delivered(): void;
  broken(error: PosternError): void;
}

/** An answer on its way to the caller, as the caller may see it: not before the trail is as safe as it must be, counted, recorded. */
export class Delivery implements Shown {
  /** The caller has seen the beginning of an answer. */
  begun = false;
  status = 0;
  bytes = 0;
  /** What waits until the trail is durable (strict). */
  #held: (() => void)[] | undefined;
  /** The recorder is behind. */
  #recording = false;
  #over = false;

  constructor(
    readonly exchange: Exchange,
    readonly pass: Pass,
    readonly record: ExchangeRecord | undefined,
    readonly supplier: Supplier,
  ) {}

  head(head: ResponseHead, length: BodyLength): void {
    if (this.#over) return;
    this.status = head.status;
    const waits = this.pass.ready();
    if (waits) {
      this.#held = [];
      void waits.then(() => this.#ready());
    }
    this.#inTurn(() => {
      this.begun = true;
      this.exchange.respond(head, length);
      this.record?.answer(head);
    });
  }

  data(view: Uint8Array): boolean {
    if (this.#over) return true;
    if (this.#held) {
      const copy = Buffer.from(view);
      this.#held.push(() => this.#write(copy));
      return false;
    }
    return this.#write(view);
  }

  end(trailers: Fields): void {
    this.#inTurn(() => {
      if (this.#over) return;
      this.#over = true;
      this.exchange.end(trailers);
      this.record?.end(true);
      this.supplier.delivered();
    });
  }

  broken(error: PosternError): void {
    if (this.#over) return;
    this.stop();
    this.supplier.broken(error);
  }

  resume(): void {
    if (!this.#over) this.supplier.resume();
  }

  /** Nothing more leaves. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#held = undefined;
    this.record?.end(false);
  }

  /** The caller's connection takes more. */
  drained(): void {
    if (!this.#recording && !this.#held && !this.#over) this.supplier.takesMore();
  }

  #write(view: Uint8Array): boolean {
    this.bytes += view.length;
    const takes = this.exchange.write(view);
    const kept = this.record?.output(view);
    if (!kept) return takes;
    this.#recording = true;
    void kept.then(() => {
      this.#recording = false;
      if (takes && !this.#over) this.supplier.takesMore();
    });
    return false;
  }

  #inTurn(step: () => void): void {
    if (this.#held) this.#held.push(step);
    else step();
  }

  #ready(): void {
    const steps = this.#held ?? [];
    this.#held = undefined;
    for (const step of steps) if (!this.#over) step();
    if (!this.#over) this.supplier.takesMore();
  }
}
