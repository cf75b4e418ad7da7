import type { Pass, PosternError } from "../../../core/plugin.ts";
import type { Shown } from "../body/index.ts";
import type { BodyLength, Exchange, WholeAnswer } from "../exchange.ts";
import type { Fields, ResponseHead } from "../message.ts";
import type { ExchangeRecord } from "./exchange-record.ts";

/** Who supplies what a delivery takes to the caller. */
export interface Supplier {
  /** Whoever looks into the body takes more from the resource. */
  resume(): void;
  /** `data` returned false; the caller takes more now. */
  takesMore(): void;
  delivered(): void;
  failed(error: PosternError): void;
}

/**
 * An answer on its way to the caller, as the caller may see it: counted, recorded, and not before the trail is as safe as
 * it must be (strict) and the recorder has room.
 */
export class Delivery implements Shown {
  /** The caller has seen the beginning of an answer. */
  begun = false;
  status = 0;
  bytes = 0;
  /** What is waited for; the steps of the answer queue up behind it. */
  #waits: Promise<void> | undefined;
  #steps: (() => void)[] = [];
  #over = false;
  /** All of it was written, and the caller's connection has not taken it yet. */
  #owed = false;

  constructor(
    readonly exchange: Exchange,
    readonly pass: Pass,
    readonly record: ExchangeRecord | undefined,
    readonly supplier: Supplier,
  ) {}

  head(head: ResponseHead, length: BodyLength): void {
    if (this.#over) return;
    this.status = head.status;
    this.#wait(this.pass.ready());
    if (this.#waits) this.#steps.push(() => this.#begin(head, length));
    else this.#begin(head, length);
  }

  /** Nothing has been delivered, and nothing has to be waited for. */
  get takesWhole(): boolean {
    return (
      !this.#over &&
      this.status === 0 &&
      this.exchange.takesWhole === true &&
      this.record?.waits === undefined &&
      this.pass.ready() === undefined
    );
  }

  /** In place of `head`, `data` and `end`, where `takesWhole`. */
  whole(answer: WholeAnswer): void {
    this.begun = true;
    this.status = answer.status;
    this.bytes = answer.length;
    this.#owed = this.exchange.respondWhole?.(answer.bytes) === false;
    this.record?.whole(answer, !this.#owed);
    if (!this.#owed) this.#delivered();
  }

  data(view: Uint8Array): boolean {
    if (this.#over) return true;
    this.#wait(this.record?.waits);
    if (!this.#waits) return this.#write(view);
    const copy = Buffer.from(view);
    this.#steps.push(() => this.#write(copy));
    return false;
  }

  end(trailers: Fields): void {
    if (this.#waits) this.#steps.push(() => this.#end(trailers));
    else this.#end(trailers);
  }

  broken(error: PosternError): void {
    if (this.#over) return;
    this.stop();
    this.supplier.failed(error);
  }

  resume(): void {
    if (!this.#over) this.supplier.resume();
  }

  /** Nothing more leaves. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#steps = [];
    this.record?.end(false);
  }

  /** The caller's connection takes more. */
  drained(): void {
    if (this.#waits || this.#over) return;
    if (!this.#owed) return this.supplier.takesMore();
    this.record?.end(true);
    this.#delivered();
  }

  /** The exchange's end is last: the next request of its connection may begin in it. */
  #delivered(): void {
    this.#over = true;
    this.supplier.delivered();
    this.exchange.end();
  }

  #begin(head: ResponseHead, length: BodyLength): void {
    this.begun = true;
    this.exchange.respond(head, length);
    this.record?.answer(head);
  }

  /** False: the caller, or the recorder, takes no more for now. */
  #write(view: Uint8Array): boolean {
    this.bytes += view.length;
    const takes = this.exchange.write(view);
    this.record?.output(view);
    return takes;
  }

  #end(trailers: Fields): void {
    if (this.#over) return;
    this.#over = true;
    this.exchange.end(trailers);
    this.record?.end(true);
    this.supplier.delivered();
  }

  #wait(until: Promise<void> | undefined): void {
    if (!until || this.#waits) return;
    this.#waits = until;
    void until.then(() => this.#goOn());
  }

  #goOn(): void {
    this.#waits = undefined;
    while (this.#steps.length > 0 && !this.#over) {
      this.#wait(this.record?.waits);
      if (this.#waits) return;
      this.#steps.shift()?.();
    }
    if (!this.#over) this.supplier.takesMore();
  }
}
