import type { Connection, ServerChannel } from "ssh2";
import { DuplexWire, type Wire } from "../../../core/plugin.ts";
import { congestion } from "../congestion.ts";

/** A channel inside of another SSH connection as a connection of its own. */
export class JumpWire extends DuplexWire {
  constructor(
    channel: ServerChannel,
    readonly connection: Connection,
    outer: Wire,
    /** The resource that the channel was opened to. */
    readonly target: string,
  ) {
    super(channel, outer, false);
    void outer.gone.then(() => this.over());
  }

  /** The channel's window and the connection that carries it: either may be full. */
  override write(bytes: Uint8Array): boolean {
    if (this.closed) return true;
    const taken = super.write(bytes);
    const waits = congestion(this.connection);
    if (!taken || !waits) return taken;
    void waits.then(() => this.sink?.drain());
    return false;
  }
}
