import type { Peer } from "../postgres/peers/peer.ts";
import { besideIdle } from "../postgres/scenarios/beside-idle.ts";
import { bulk } from "../postgres/scenarios/bulk.ts";
import { connect } from "../postgres/scenarios/connect.ts";
import { idle } from "../postgres/scenarios/idle.ts";
import { latency } from "../postgres/scenarios/latency.ts";
import { throughput } from "../postgres/scenarios/throughput.ts";
import type { Scenario } from "../scenario.ts";

const [proxies, trails] = [
  ["haproxy", "relay", "pgbouncer-warm"],
  ["rule", "record", "strict", "untrailed"],
];

/** Whom a row asks for, by the scenario's name: with so many peers every second counts. */
const asked: Readonly<Record<string, readonly string[]>> = {
  latency: ["direct", "haproxy", "pgbouncer-warm", "record", "strict", "untrailed"],
  "prepared, 8 clients": [...proxies, ...trails, "crowd"],
  "prepared, 64 clients": ["pgbouncer-warm", ...trails, "two"],
  "simple, 8 clients": ["haproxy", "relay", "record"],
  "bulk read": ["direct", "haproxy", "rule", "mask", "detect"],
  connect: ["record"],
  "connect, TLS": ["pgbouncer-cold", "record"],
  "idle connections": ["rule"],
  "beside idle sessions": ["rule"],
};

/** What is measured of PostgreSQL, and of whom. */
export const scenarios: readonly Scenario<Peer>[] = [
  latency,
  ...throughput,
  bulk,
  ...connect,
  idle,
  besideIdle,
].flatMap((scenario) => {
  const peers = asked[scenario.name];
  if (!peers) return [];
  return [
    { ...scenario, skips: (peer: Peer) => !peers.includes(peer.id) || (scenario.skips?.(peer) ?? false) },
  ];
});
