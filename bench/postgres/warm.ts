import type { Extent, Warm } from "../scenario.ts";
import { openSession, readAnswer } from "./client.ts";
import type { Peer } from "./peers/peer.ts";
import { load, type Mode, modes } from "./pgbench.ts";

const clients = 8;
/** Connections, and megabytes of a large result, that weigh as much as a thousand queries. */
const asMuch = { connections: 10, megabytes: 6 };
/** Of what is compiled already: caches of the kernel and the server are to be filled. */
const enough = 1;

/** Every way in which a peer is used is gone until the engine has compiled it: what a gateway costs in its first seconds is another figure. */
export const warmUp: Readonly<Record<Mode, Warm<Peer>>> = Object.fromEntries(
  modes.map((mode) => [
    mode,
    each(async (peer, thousands) => {
      await load(peer, { mode, clients, transactions: (thousands * 1000) / clients });
    }),
  ]),
) as Record<Mode, Warm<Peer>>;

export const warmLogins = (tls: boolean): Warm<Peer> =>
  each(async (peer, thousands) => {
    const transactions = (thousands * asMuch.connections) / 2;
    await load(peer, { mode: "simple", clients: 2, transactions, reconnect: true, ...(tls ? { tls } : {}) });
  });

export const warmBulk: Warm<Peer> = each(async (peer, thousands) => {
  const wire = await openSession(peer);
  for (let bytes = 0; bytes < thousands * asMuch.megabytes * 1e6; )
    bytes += await readAnswer(wire, "select * from bulk");
  wire.end();
});

function each(act: (peer: Peer, thousands: number) => Promise<void>): Warm<Peer> {
  return async (peer: Peer, { warm }: Extent) => {
    if (warm > 0) await act(peer, peer.compiles ? warm : enough);
  };
}
