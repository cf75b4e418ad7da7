import { type ChannelEvent, encodeEvent } from "../../../core/plugin.ts";
import type { Side, Tunnel } from "../../http/kit.ts";

/** One connection to a port of a pod, in the session's recording: how much passed, and its hashes. */
export class ForwardRecord {
  readonly #sums = { caller: new Bun.CryptoHasher("sha256"), resource: new Bun.CryptoHasher("sha256") };
  readonly #bytes = { caller: 0, resource: 0 };
  readonly #channel: number;
  #over = false;

  /** `to`: `tcp prod/pods/web:8080`. */
  constructor(
    readonly tunnel: Tunnel,
    readonly to: string,
  ) {
    this.#channel = tunnel.record ? tunnel.nextChannel() : 0;
    this.#tell({ event: "forward", to });
  }

  add(from: Side, bytes: Uint8Array): void {
    this.#bytes[from] += bytes.length;
    if (this.tunnel.record) this.#sums[from].update(bytes);
  }

  over(): void {
    if (this.#over || !this.tunnel.record) return;
    this.#over = true;
    this.#tell({
      event: "forwarded",
      to: this.to,
      ...{ sent: this.#bytes.caller, sentSha256: this.#sums.caller.digest("hex") },
      ...{ received: this.#bytes.resource, receivedSha256: this.#sums.resource.digest("hex") },
    });
  }

  #tell(event: ChannelEvent): void {
    const { record, gate } = this.tunnel;
    if (record) void gate.passed(encodeEvent(this.#channel, event));
  }
}
