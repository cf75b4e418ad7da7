import { Samples } from "./figure.ts";
import { atRest } from "./processes.ts";
import type { Extent, Scenario } from "./scenario.ts";

interface Measurable {
  readonly id: string;
  /** All that works for it, also after the traffic. */
  readonly processes: readonly number[];
}

/**
 * Runs every scenario for every peer, round by round and each round from another peer on, so that what
 * disturbs the machine for a while disturbs all of them alike. Each peer is warm before, and all are at rest.
 */
export async function interleave<Peer extends Measurable>(
  scenarios: readonly Scenario<Peer>[],
  peers: readonly Peer[],
  extent: Extent,
  say: (doing: string) => void,
): Promise<Samples> {
  for (const peer of peers) {
    const warm = new Set(scenarios.flatMap(({ warm, skips }) => (warm && !skips?.(peer) ? [warm] : [])));
    say(`warm-up: ${peer.id}`);
    for (const act of warm) await act(peer, extent);
  }
  const samples = new Samples();
  const processes = peers.flatMap((peer) => peer.processes);
  for (let round = 0; round < extent.rounds; round++) {
    const turned = peers.map((_, index) => peers[(index + round) % peers.length] as Peer);
    for (const scenario of scenarios) {
      if (scenario.once && round > 0) continue;
      for (const peer of turned) {
        if (scenario.skips?.(peer)) continue;
        say(`round ${round + 1} of ${extent.rounds}: ${scenario.name}, ${peer.id}`);
        if (extent.seconds > 0) await atRest(processes);
        samples.add(peer.id, await scenario.run(peer, extent));
      }
    }
  }
  return samples;
}
