import type { Scenario } from "../../scenario.ts";
import type { Peer } from "../peers/peer.ts";
import { type Load, load } from "../pgbench.ts";

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
    async run(peer, { seconds }) {
      const opened = await load(peer, { mode: "simple", clients: 1, seconds, reconnect: true, ...how });
      return { [id]: 1000 / opened.rate, ...(peer.carries.length > 0 ? { [cpu]: opened.cpu } : {}) };
    },
  };
}
