import { type ListenerInfo, PosternError, type Wire } from "../../../core/plugin.ts";
import type { EncryptionRequest, StartupPacket } from "../wire/startup.ts";
import { readStartup, tlsRecord } from "./read.ts";

/** The name of the protocol in a TLS handshake (ALPN). */
export const alpn = "postgresql";

export type PlainPacket = Exclude<StartupPacket, EncryptionRequest>;

/**
 * The first packet that is no request for encryption, of at most `limit` bytes. Before it the caller may turn to TLS: by an SSLRequest,
 * or directly (PostgreSQL 18, "SSL Session Encryption").
 */
export async function firstPacket(caller: Wire, listener: ListenerInfo, limit: number): Promise<PlainPacket> {
  if (listener.tls) await directly(caller);
  // A client may ask for each kind of encryption once; a third request comes from no client.
  for (let asked = 0; asked < 3; asked += 1) {
    const packet = await readStartup(caller, limit);
    if (isPlain(packet)) return packet;
    if (caller.encrypted) {
      throw new PosternError("postgres.protocol", "Encryption was asked for inside of TLS.");
    }
    await nothingBehind(caller);
    const secures = packet.kind === "ssl" && listener.tls !== undefined;
    caller.write(Buffer.from(secures ? "S" : "N", "latin1"));
    if (secures) await caller.secure({ alpn });
  }
  throw new PosternError("postgres.protocol", "Encryption was asked for too often.");
}

function isPlain(packet: StartupPacket): packet is PlainPacket {
  return packet.kind !== "ssl" && packet.kind !== "gss";
}

/** What else speaks TLS to this port must not be taken for a client of ours (ALPACA): it has to name the protocol. */
async function directly(caller: Wire): Promise<void> {
  const first = await caller.read(1);
  caller.putBack(first);
  if (first[0] !== tlsRecord) return;
  const link = await caller.secure({ alpn });
  if (link.alpn === alpn) return;
  throw new PosternError("postgres.protocol", "TLS was begun without naming the protocol (ALPN).", {
    hint: "Connect without sslnegotiation=direct, or with a client that sends ALPN `postgresql`.",
  });
}

/**
 * Bytes that came right behind a request for encryption were not written by somebody who waits for the
 * answer: a man in the middle could have put them there (CVE-2021-23214).
 */
async function nothingBehind(caller: Wire): Promise<void> {
  await soon();
  if (caller.unread === 0) return;
  throw new PosternError("postgres.protocol", "Data arrived before the answer to a request for encryption.");
}

/** What has arrived already has been told by then. */
function soon(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
