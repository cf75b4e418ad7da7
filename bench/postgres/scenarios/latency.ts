import type { Scenario } from "../../scenario.ts";
import type { Peer } from "../peers/peer.ts";
import { during, load } from "../pgbench.ts";
import { warmUp } from "../warm.ts";

/** One client that waits for each answer. What a peer adds is its p50 less that of the direct way. */
export const latency: Scenario<Peer> = {
  name: "latency",
  figures: [
    { id: "p50", title: "p50, one client", unit: "µs", better: "less", to: "direct" },
    { id: "added", title: "added p50, one client", unit: "µs", better: "less", to: "haproxy" },
  ],
  warm: warmUp.prepared,
  async run(peer, extent) {
    return { p50: (await load(peer, { mode: "prepared", clients: 1, ...during(extent), timed: true })).p50 };
  },
};
