import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Samples } from "../figure.ts";
import { interleave } from "../interleave.ts";
import { type Report, reported } from "../report/report.ts";
import type { Extent, Scenario } from "../scenario.ts";
import type { HttpPeer } from "./peer.ts";
import { haproxy, nginxProxy, origin, postern, type Variant } from "./peers.ts";
import { bulk, latency, throughput } from "./scenarios.ts";

/** Megabytes of the large file: a few answers a second over loopback. */
const large = 16;

/** HTTP/1.1: directly, through HAProxy, nginx and Postern, interleaved. */
export function measureHttp(extent: Extent, say: (doing: string) => void): Promise<Report> {
  const scenarios = [latency, throughput, bulk];
  return withHttpPeers(["rule", "record", "mask"], async (peers) =>
    reported(scenarios, peers, await interleave(scenarios, peers, extent, say), extent),
  );
}

/** The same as readings, of these scenarios, with everything on. */
export function sampleHttp(
  scenarios: readonly Scenario<HttpPeer>[],
  extent: Extent,
  say: (doing: string) => void,
): Promise<Samples> {
  return withHttpPeers(["record"], (peers) => interleave(scenarios, peers, extent, say));
}

async function withHttpPeers<Result>(
  variants: readonly Variant[],
  act: (peers: readonly HttpPeer[]) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-http-"));
  const peers: HttpPeer[] = [];
  try {
    const direct = await origin(folder, large);
    peers.push(direct);
    peers.push(await haproxy(folder, direct.url), await nginxProxy(folder, direct.url));
    for (const variant of variants) peers.push(await postern(folder, direct.url, variant));
    return await act(peers);
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
    rmSync(folder, { recursive: true, force: true });
  }
}
