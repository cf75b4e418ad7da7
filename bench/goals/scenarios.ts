import type { Peer } from "../postgres/peers/peer.ts";
import { besideIdle } from "../postgres/scenarios/beside-idle.ts";
import { bulk } from "../postgres/scenarios/bulk.ts";
import { connect } from "../postgres/scenarios/connect.ts";
import { idle } from "../postgres/scenarios/idle.ts";
import { latency } from "../postgres/scenarios/latency.ts";
import { throughput } from "../postgres/scenarios/throughput.ts";
import { tlsSetup } from "../postgres/scenarios/tls-setup.ts";
import type { Scenario } from "../scenario.ts";

/**
 * Whom a row asks for, by the scenario's name: with so many peers every second counts. Two that a row compares stand
 * side by side, or as near as can be.
 */
const asked: Readonly<Record<string, readonly string[]>> = {
  latency: ["pgbouncer-warm", "record", "direct", "haproxy", "relay", "untrailed", "strict"],
  "prepared, 8 clients": [
    ...["pgbouncer-warm", "relay", "record", "haproxy"],
    ...["crowd", "rule", "untrailed", "strict"],
  ],
  "prepared, 64 clients": ["two", "record", "pgbouncer-warm", "rule", "untrailed", "strict"],
  "simple, 8 clients": ["haproxy", "record", "relay"],
  "bulk read": ["haproxy", "rule", "direct", "mask", "detect"],
  "TLS set-up": ["record"],
  "connect, TLS": ["record", "pgbouncer-cold"],
  "idle connections": ["rule"],
  "beside idle sessions": ["rule"],
};

/** What is measured of PostgreSQL, and of whom. */
export const scenarios: readonly Scenario<Peer>[] = [
  latency,
  ...throughput,
  bulk,
  tlsSetup,
  ...connect,
  idle,
  besideIdle,
].flatMap((scenario) => {
  const of = asked[scenario.name];
  return of ? [{ ...scenario, of }] : [];
});
