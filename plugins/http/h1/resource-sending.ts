import type { Sending } from "../exchange.ts";
import type { Fields } from "../message.ts";
import type { Outgoing } from "./outgoing.ts";

/** A request on its way to a resource over HTTP/1.1; without effect once its answer is whole. */
export class ResourceSending implements Sending {
  #out: Outgoing | undefined;

  /** `ended`: the request has no body that would follow. */
  constructor(
    readonly connection: { resume(): void; close(): void },
    out: Outgoing | undefined,
    readonly method: string,
    readonly upgrade: string | undefined,
    public ended: boolean,
  ) {
    this.#out = out;
  }

  write(view: Uint8Array): boolean {
    return this.ended || this.#out === undefined || this.#out.write(view);
  }

  end(trailers: Fields = []): void {
    if (this.ended || this.#out === undefined) return;
    this.ended = true;
    this.#out.end(trailers);
  }

  resume(): void {
    if (this.#out !== undefined) this.connection.resume();
  }

  abort(): void {
    if (this.#out !== undefined) this.connection.close();
  }

  /** The connection is no longer this request's. */
  stop(): void {
    if (!this.#out?.flushed) this.#out?.drop();
    this.#out = undefined;
  }
}
