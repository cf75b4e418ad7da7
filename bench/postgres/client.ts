import { clientContext, connectWire, TlsClient, type Wire } from "../../core/plugin.ts";
import { login } from "../../plugins/postgres/auth/login.ts";
import { backend } from "../../plugins/postgres/wire/message.ts";
import { query } from "../../plugins/postgres/wire/query.ts";
import { receive } from "../../plugins/postgres/wire/receive.ts";
import { protocolVersion, startupMessage } from "../../plugins/postgres/wire/startup.ts";
import type { Peer } from "./peers/peer.ts";

const connectLimit = 10_000;
/** ReadyForQuery, outside of a transaction. */
const ready = Buffer.of(0x5a, 0, 0, 0, 5, 0x49);

/** A certificate costs as much to read whether or not it is believed. */
const anybody = {};
/** SSLRequest (PostgreSQL, Message Formats): length 8, code 80877103. */
const sslRequest = Buffer.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f);

/** A session of our own that is ready for queries. It costs next to nothing, so that the peer is what is measured. */
export async function openSession(peer: Peer, tls = false): Promise<Wire> {
  const { port, user, password, database } = peer;
  const host = "127.0.0.1";
  const wire = await connectWire({ host, port, timeout: connectLimit });
  if (tls) {
    wire.write(sslRequest);
    if ((await wire.read(1)).toString() !== "S") throw new Error(`${peer.id} has no TLS.`);
    await wire.secure(new TlsClient(clientContext(anybody), "require", host));
  }
  wire.write(
    startupMessage(protocolVersion.v3_0, [
      ["user", user],
      ["database", database],
    ]),
  );
  await login(wire, { host, port, user, database, password });
  while ((await receive(wire, 65_536)).type !== backend.readyForQuery);
  return wire;
}

/** Bytes of the answer to one query. Rows must not be able to end like a ReadyForQuery. */
export function readAnswer(wire: Wire, text: string): Promise<number> {
  let bytes = 0;
  let tail: Buffer = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    wire.stream({
      data(view) {
        bytes += view.length;
        tail = view.length >= ready.length ? view : Buffer.concat([tail, view]);
        if (tail.subarray(-ready.length).equals(ready)) resolve(bytes);
      },
      drain() {},
      close: () => reject(new Error("The connection ended before the answer did.")),
    });
    wire.write(query(text));
  });
}
