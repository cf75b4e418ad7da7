import type { Connection } from "ssh2";
import { send, string, uint32 } from "./message.ts";

/** What of ssh2's own protocol object is needed here. */
interface Protocol {
  _kex: { remoteExtInfoEnabled: boolean };
  _onHandshakeComplete: (...negotiated: unknown[]) => void;
}

const extensionInfo = 7;
/** What is accepted of callers' keys: see `keys/public-key.ts`. */
const accepted = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/**
 * Tells clients which signatures a login may have (RFC 8308, 3.1). ssh2 would tell it wrongly: without the comma
 * between two of the names, and with SHA-1, which is not taken here. Before the key exchange.
 */
export function nameSignatures(connection: Connection): void {
  const protocol = (connection as unknown as { readonly _protocol: Protocol })._protocol;
  const complete = protocol._onHandshakeComplete;
  let first = true;
  protocol._onHandshakeComplete = (...negotiated) => {
    const asked = first && protocol._kex.remoteExtInfoEnabled;
    first = false;
    // What ssh2 looks at before it tells its own.
    protocol._kex.remoteExtInfoEnabled = false;
    if (asked) {
      const names = [string("server-sig-algs"), string(accepted.join(","))];
      send(connection, Buffer.concat([Buffer.from([extensionInfo]), uint32(1), ...names]));
    }
    complete(...negotiated);
  };
}
