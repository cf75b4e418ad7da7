import type { Connection } from "ssh2";
import type { Reason, Wire } from "../../core/plugin.ts";
import { disconnect, worded } from "./message.ts";

/** Whose SSH connection runs over which wire, from its first byte on. */
const connections = new WeakMap<Wire, Connection>();

export function speaks(wire: Wire, connection: Connection): void {
  connections.set(wire, connection);
}

/** Says why as the client prints it: `Received disconnect from …: session.denied: …`. */
export function refuse(caller: Wire, reason: Reason, session?: string): void {
  const connection = connections.get(caller);
  if (!connection) return;
  disconnect(connection, worded(reason, session));
}
