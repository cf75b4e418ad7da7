import type { Sending } from "../exchange.ts";
import type { Fields } from "../message.ts";
import type { Outgoing } from "./outgoing.ts";

/** A request on its way to a resource over HTTP/1.1; without effect once its answer is whole. */
export class ResourceSending implements Sending {
  /** The connection is no longer this request's. */
  #over = false;

  /** `ended`: the request has no body that would follow. `out`: undefined where all of it has left. */
  constructor(
    readonly connection: { resume(): void; close(): void },
    readonly out: Outgoing | undefined,
    readonly method: string,
    readonly upgrade: string | undefined,
    public ended: boolean,
  ) {}

  write(view: Uint8Array): boolean {
    return this.ended || this.#over || this.out === undefined || this.out.write(view);
  }

  end(trailers: Fields = []): void {
    if (this.ended || this.#over) return;
    this.ended = true;
    this.out?.end(trailers);
  }

  resume(): void {
    if (!this.#over) this.connection.resume();
  }

  abort(): void {
    if (!this.#over) this.connection.close();
  }

  stop(): void {
    this.#over = true;
    if (this.out?.flushed === false) this.out.drop();
  }
}
