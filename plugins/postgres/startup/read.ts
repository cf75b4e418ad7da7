import { PosternError, type Wire } from "../../../core/plugin.ts";
import { frontend } from "../wire/message.ts";
import { maxStartup, type StartupPacket, startupPacket } from "../wire/startup.ts";

/** The first byte of a TLS handshake (RFC 8446, 5.1); no start-up packet is long enough to begin so. */
export const tlsRecord = 0x16;

/** Reads one start-up packet of at most `limit` bytes. Its first byte and its length are looked at before anything else is waited for. */
export async function readStartup(caller: Wire, limit = maxStartup): Promise<StartupPacket> {
  const first = await caller.read(1);
  if (first[0] === tlsRecord) {
    throw new PosternError("postgres.tls", "TLS is not spoken here.", {
      hint: "Connect with sslmode=disable and without sslnegotiation=direct.",
    });
  }
  // As a length it would be far too long, and to such a packet the server answers nothing.
  if (first[0] === frontend.terminate) return { kind: "farewell" };
  const length = Buffer.concat([first, await caller.read(3)]).readInt32BE(0);
  if (length < 8 || length > maxStartup) {
    throw new PosternError("postgres.protocol", "Invalid length of start-up packet.", {
      hint: "This port speaks the PostgreSQL protocol.",
    });
  }
  if (length > limit) {
    throw new PosternError(
      "limit.header",
      `A start-up packet of ${length} bytes, and the limit is ${limit}.`,
      {
        hint: "Connect with fewer or shorter settings.",
      },
    );
  }
  return startupPacket(await caller.read(length - 4), 0, length - 4);
}
