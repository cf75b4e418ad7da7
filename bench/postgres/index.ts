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
import { load } from "./pgbench.ts";
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

/** Makes a peer before a server; files of its own go into the folder. */
export type Opener = (server: PostgresServer, folder: string) => Promise<Peer>;

export function gatewayPeers(all: readonly Variant[]): readonly Opener[] {
  return all.map((variant) => (server, folder) => postern(server, folder, variant));
}

export const allPeers: readonly Opener[] = [
  async (server) => direct(server),
  haproxy,
  (...where) => pgbouncer(...where, "warm"),
  (...where) => pgbouncer(...where, "cold"),
  relay,
  ...gatewayPeers(["bare", "rule", "mask", "record", "strict"]),
];
export const guardedPeers: readonly Opener[] = [haproxy, ...gatewayPeers(["bare", "record"])];

/** A server with tables to read, and the peers before it, for as long as `act` runs. */
export async function withPeers<Result>(
  openers: readonly Opener[],
  { rows, connections, warm }: Extent,
  act: (peers: readonly Peer[]) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
  const server = await startPostgres({
    version: 15,
    tls: await makeCertificate(folder),
    // In clear as well: only the scenario that says so goes over TLS.
    hba: ["host all all 127.0.0.1/32 scram-sha-256"],
    settings: { log_statement: "none", max_connections: `${2 * connections + 400}` },
  });
  const peers: Peer[] = [];
  try {
    initialise(server);
    await server.sql(bulkTable(rows));
    await server.sql("vacuum analyze");
    for (const open of openers) peers.push(await open(server, folder));
    // Caches are filled and code is compiled before anything is measured.
    for (const peer of peers) {
      if (!peer.cold) await load(peer, { mode: "prepared", clients: 8, transactions: warm });
    }
    return await act(peers);
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
