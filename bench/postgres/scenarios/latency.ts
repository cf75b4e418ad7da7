import type { Scenario } from "../../scenario.ts";
import type { Peer } from "../peers/peer.ts";
import { load } from "../pgbench.ts";

/** One client that waits for each answer. What a peer adds is its p50 less that of the direct way. */
export const latency: Scenario<Peer> = {
  name: "latency",
  figures: [
    { id: "p50", title: "p50, one client", unit: "µs", better: "less", to: "direct" },
    { id: "added", title: "added p50, one client", unit: "µs", better: "less", to: "haproxy" },
  ],
  async run(peer, { seconds }) {
    return { p50: (await load(peer, { mode: "prepared", clients: 1, seconds, timed: true })).p50 };
  },
};
