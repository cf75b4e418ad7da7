import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interleave } from "../interleave.ts";
import { table } from "../report/table.ts";
import { extents, type Scenario } from "../scenario.ts";
import type { HttpPeer } from "./peer.ts";
import { haproxy, nginxProxy, origin, postern } from "./peers.ts";
import { bulk, latency, throughput } from "./scenarios.ts";
import { wrk } from "./wrk.ts";

/** Megabytes of the large file: a few answers a second over loopback. */
const large = 16;

/** HTTP/1.1: directly, through HAProxy, nginx and Postern, interleaved. */
export async function measureHttp(extent: "short" | "long", say: (doing: string) => void): Promise<string> {
  const { samples, peers, figures } = await sampleHttp([latency, throughput, bulk], extent, say);
  return `${table(figures, peers, samples)}Medians. × is the ratio to direct; for requests a second and CPU that to HAProxy.`;
}

/** The same as readings, of these scenarios. */
export async function sampleHttp(
  scenarios: readonly Scenario<HttpPeer>[],
  extent: "short" | "long",
  say: (doing: string) => void,
) {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-http-"));
  const peers: HttpPeer[] = [];
  try {
    const direct = await origin(folder, large);
    peers.push(direct);
    peers.push(await haproxy(folder, direct.url), await nginxProxy(folder, direct.url));
    for (const variant of ["rule", "record", "mask"] as const)
      peers.push(await postern(folder, direct.url, variant));
    // Caches are filled and code is compiled before anything is measured.
    for (const peer of peers) await wrk(peer, "small", 8, 1);
    const samples = await interleave(scenarios, peers, extents[extent], say);
    return { samples, peers, figures: scenarios.flatMap((scenario) => scenario.figures) };
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
    rmSync(folder, { recursive: true, force: true });
  }
}
