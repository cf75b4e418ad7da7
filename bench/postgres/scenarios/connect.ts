import type { Scenario } from "../../scenario.ts";
import type { Peer } from "../peers/peer.ts";
import { during, type Load, load } from "../pgbench.ts";
import { warmLogins } from "../warm.ts";

/** From opening a connection to the first row and its end, SCRAM included: in clear, and over TLS. */
export const connect: readonly Scenario<Peer>[] = [opening("connect", ""), opening("connect.tls", ", TLS")];

function opening(id: "connect" | "connect.tls", suffix: string): Scenario<Peer> {
  const cpu = `${id}.cpu`;
  const how: Pick<Load, "tls"> = id === "connect.tls" ? { tls: true } : {};
  return {
    name: `connect${suffix}`,
    figures: [
      { id, title: `connection to first row${suffix}`, unit: "ms", better: "less", to: "direct" },
      { id: cpu, title: `CPU a connection${suffix}`, unit: "µs", better: "less", to: "haproxy" },
    ],
    warm: warmLogins(how.tls ?? false),
    async run(peer, extent) {
      const way = { mode: "simple", clients: 1, reconnect: true, ...how } as const;
      const opened = await load(peer, { ...way, ...during(extent) });
      return { [id]: 1000 / opened.rate, ...(peer.carries.length > 0 ? { [cpu]: opened.cpu } : {}) };
    },
  };
}
