import { PosternError } from "../../../core/plugin.ts";
import type { Sending } from "../exchange.ts";
import type { Fields } from "../message.ts";
import type { Deadlines, Late } from "./deadlines.ts";

/**
 * How long a resource may be silent on one request: from its last byte, or from the moment that it takes no more of the body,
 * to the head of the answer. What comes behind the head may take its time: streams do.
 */
export class Patience implements Late {
  #waits = false;
  #over = false;

  /** `deadlines`: undefined where the resource may take as long as the caller waits. */
  constructor(
    readonly deadlines: Deadlines | undefined,
    readonly impatient: { silent(error: PosternError): void },
  ) {}

  /** The same request, with an eye on when it is the resource's turn. */
  watch(sending: Sending): Sending {
    return this.deadlines === undefined ? sending : new WatchedSending(sending, this);
  }

  /** It is the resource's turn. */
  wait(): void {
    if (this.#over) return;
    this.#waits = true;
    this.deadlines?.begin(this);
  }

  /** It has put off its answer (1xx): its time begins anew. */
  heard(): void {
    if (this.#waits) this.wait();
  }

  /** It has taken what waited for it. */
  taken(): void {
    if (!this.#waits) return;
    this.#waits = false;
    this.deadlines?.end(this);
  }

  /** The head is there, or nobody waits for it any more. */
  end(): void {
    this.#over = true;
    this.taken();
  }

  late(): void {
    this.#waits = false;
    this.impatient.silent(silent(this.deadlines?.ms ?? 0));
  }
}

class WatchedSending implements Sending {
  constructor(
    readonly sending: Sending,
    readonly patience: Patience,
  ) {}

  write(view: Uint8Array): boolean {
    const takes = this.sending.write(view);
    if (!takes) this.patience.wait();
    return takes;
  }

  end(trailers?: Fields): void {
    this.sending.end(trailers);
    this.patience.wait();
  }

  resume(): void {
    this.sending.resume();
  }

  abort(): void {
    this.sending.abort();
  }
}

function silent(ms: number): PosternError {
  return new PosternError("resource.timeout", `The resource did not answer within ${ms} ms.`, {
    hint: "Try again later; the operator sets the resource's `timeout`.",
  });
}
