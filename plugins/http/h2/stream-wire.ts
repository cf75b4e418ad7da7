import type { Duplex } from "node:stream";
import { DuplexWire, type Wire } from "../../../core/plugin.ts";

/** One stream of an HTTP/2 connection as a connection of bytes, behind an extended CONNECT (RFC 8441). */
export class StreamWire extends DuplexWire {
  constructor(channel: Duplex, outer: Wire) {
    super(channel, outer, outer.encrypted);
    channel.on("aborted", () => this.over());
  }

  override end(): void {
    if (!this.channel.writableEnded) this.channel.end();
  }

  override destroy(): void {
    // With an error: the library would end the stream in good order where there is none.
    this.channel.destroy(new Error("given up"));
  }
}
