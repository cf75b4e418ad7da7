import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initialise } from "../../test/acceptance/pgbench.ts";
import { type PostgresServer, startPostgres } from "../../test/servers/postgres.ts";
import type { Extent, Scenario } from "../scenario.ts";
import { canTrace } from "../strace.ts";
import { makeCertificate } from "./certificate.ts";
import { direct } from "./peers/direct.ts";
import { haproxy } from "./peers/haproxy.ts";
import type { Peer } from "./peers/peer.ts";
import { pgbouncer } from "./peers/pgbouncer.ts";
import { postern, type Variant } from "./peers/postern.ts";
import { relay } from "./peers/relay.ts";
import { bulk, bulkTable } from "./scenarios/bulk.ts";
import { connect } from "./scenarios/connect.ts";
import { idle } from "./scenarios/idle.ts";
import { inside } from "./scenarios/inside.ts";
import { latency } from "./scenarios/latency.ts";
import { syscalls } from "./scenarios/syscalls.ts";
import { cpu, throughput } from "./scenarios/throughput.ts";

const tracing = canTrace ? [syscalls] : [];

/** What the whole table is made of, cheapest disturbance first. */
export const all: readonly Scenario<Peer>[] = [
  ...[latency, ...throughput, bulk, ...tracing, idle, inside].map(steady),
  ...connect,
];
/** What is stable enough on a busy machine to be compared with an earlier measurement. */
export const guarded: readonly Scenario<Peer>[] = [inside, ...cpu, ...tracing];

/** A cold pool differs in how connections open and in nothing else. */
function steady(scenario: Scenario<Peer>): Scenario<Peer> {
  return { ...scenario, skips: (peer) => peer.cold || (scenario.skips?.(peer) ?? false) };
}

/** Peers that are started at a time. */
const abreast = 2;

/** Makes a peer before a server; files of its own go into the folder. */
export type Opener = (server: PostgresServer, folder: string) => Promise<Peer>;

export function gatewayPeers(all: readonly Variant[]): readonly Opener[] {
  return all.map((variant) => (server, folder) => postern(server, folder, variant));
}

/** All that are not Postern. */
export const neighbours: readonly Opener[] = [
  async (server) => direct(server),
  haproxy,
  (...where) => pgbouncer(...where, "warm"),
  (...where) => pgbouncer(...where, "cold"),
  relay,
];
export const allPeers: readonly Opener[] = [
  ...neighbours,
  ...gatewayPeers(["bare", "rule", "mask", "record", "strict"]),
];
export const guardedPeers: readonly Opener[] = [haproxy, ...gatewayPeers(["bare", "record"])];

/** A server with tables to read, and the peers before it, for as long as `act` runs. */
export async function withPeers<Result>(
  openers: readonly Opener[],
  { rows, connections }: Extent,
  act: (peers: readonly Peer[]) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
  const server = await startPostgres({
    version: 15,
    tls: await makeCertificate(folder),
    // In clear as well: only the scenario that says so goes over TLS.
    hba: ["host all all 127.0.0.1/32 scram-sha-256"],
    settings: { log_statement: "none", max_connections: `${3 * connections + 400}` },
  });
  const peers: Peer[] = [];
  try {
    initialise(server);
    await server.sql(bulkTable(rows));
    await server.sql("vacuum analyze");
    // Two at a time, for they wait most of the time, and in their order.
    for (let at = 0; at < openers.length; at += abreast)
      peers.push(...(await Promise.all(openers.slice(at, at + abreast).map((open) => open(server, folder)))));
    return await act(peers);
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
