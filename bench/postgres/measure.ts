import { interleave } from "../interleave.ts";
import { chart } from "../report/chart.ts";
import { figuresOf, type Report, reported } from "../report/report.ts";
import type { Extent } from "../scenario.ts";
import { deriveAdded } from "./derive.ts";
import { all, allPeers, withPeers } from "./index.ts";

/** Everything of every peer, with a chart in SVG. */
export function measurePostgres(
  extent: Extent,
  say: (doing: string) => void,
): Promise<Report & { readonly chart: string }> {
  return withPeers(allPeers, extent, async (peers) => {
    const samples = await interleave(all, peers, extent, say);
    deriveAdded(samples, peers);
    const picture = chart("Postgres: ratios to direct and to HAProxy", figuresOf(all), peers, samples);
    return { ...reported(all, peers, samples, extent), chart: picture };
  });
}
