import type { Scenario } from "../../scenario.ts";
import type { Peer } from "../peers/peer.ts";
import { load } from "../pgbench.ts";

/** From opening a connection to the first row and its end, SCRAM included. */
export const connect: Scenario<Peer> = {
  name: "connect",
  figures: [
    { id: "connect", title: "connection to first row", unit: "ms", better: "less", to: "direct" },
    { id: "connect.cpu", title: "CPU a connection", unit: "µs", better: "less", to: "haproxy" },
  ],
  async run(peer, { seconds }) {
    const { rate, cpu } = await load(peer, { mode: "simple", clients: 1, seconds, reconnect: true });
    return { connect: 1000 / rate, ...(peer.carries.length > 0 ? { "connect.cpu": cpu } : {}) };
  },
};
