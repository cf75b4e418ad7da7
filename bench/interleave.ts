import { Samples } from "./figure.ts";
import type { Extent, Scenario } from "./scenario.ts";

/**
 * Runs every scenario for every peer, round by round and each round from another peer on, so that what
 * disturbs the machine for a while disturbs all of them alike.
 */
export async function interleave<Peer extends { readonly id: string }>(
  scenarios: readonly Scenario<Peer>[],
  peers: readonly Peer[],
  extent: Extent,
  say: (doing: string) => void,
): Promise<Samples> {
  const samples = new Samples();
  for (let round = 0; round < extent.rounds; round++) {
    const turned = peers.map((_, index) => peers[(index + round) % peers.length] as Peer);
    for (const scenario of scenarios) {
      if (scenario.once && round > 0) continue;
      for (const peer of turned) {
        if (scenario.skips?.(peer)) continue;
        say(`round ${round + 1} of ${extent.rounds}: ${scenario.name}, ${peer.id}`);
        samples.add(peer.id, await scenario.run(peer, extent));
      }
    }
  }
  return samples;
}
