import type { Outcome } from "../../../core/plugin.ts";
import type { Exchange, Sending } from "../exchange.ts";
import type { Fields } from "../message.ts";
import type { ExchangeRecord } from "./exchange-record.ts";

/** Bytes that a request's body may have under a guardrail. */
interface Bound {
  readonly most: number;
  exceeded(): void;
}

/** A request's body on its way to the resource, counted and hashed. */
export class Upload {
  /** All of it, once it was sent. */
  received: Outcome["received"];
  /** Some of it may be gone: it cannot be sent again. */
  begun = false;

  constructor(readonly record: ExchangeRecord | undefined) {}

  /** One that was read before. */
  whole(body: Uint8Array, sending: Sending): void {
    if (body.length > 0) {
      this.#sent(body.length, new Bun.CryptoHasher("sha256").update(body).digest("hex"));
      sending.write(body);
    }
    sending.end();
  }

  /** As it comes. `shown`: of its trailers those that the resource gets; `broken`: the caller broke off. */
  pipe(
    exchange: Exchange,
    sending: Sending,
    shown: (trailers: Fields) => Fields,
    bound: Bound | undefined,
    broken: () => void,
  ): void {
    const hash = new Bun.CryptoHasher("sha256");
    let bytes = 0;
    this.begun = true;
    if (exchange.expectsContinue) exchange.inform({ status: 100, reason: "Continue", fields: [] });
    exchange.body?.pipe({
      data: (view) => {
        bytes += view.length;
        if (bound && bytes > bound.most) {
          bound.exceeded();
          return false;
        }
        hash.update(view);
        return sending.write(view);
      },
      end: (trailers: Fields) => {
        this.#sent(bytes, hash.digest("hex"));
        sending.end(shown(trailers));
      },
      broken,
    });
  }

  #sent(bytes: number, sha256: string): void {
    this.received = { bytes, sha256 };
    this.record?.sent(bytes, sha256);
  }
}
