import { Samples } from "./figure.ts";
import type { Extent, Scenario } from "./scenario.ts";
import { type Measurable, Turns } from "./turns.ts";

/**
 * Runs every scenario for every peer, round by round, and every other round backwards: what is compared stays side by
 * side and has each the first turn as often, so that what disturbs the machine for a while disturbs all of them alike.
 * Each peer is warm before.
 */
export async function interleave<Peer extends Measurable>(
  scenarios: readonly Scenario<Peer>[],
  peers: readonly Peer[],
  extent: Extent,
  say: (doing: string) => void,
): Promise<Samples> {
  const turns = new Turns(peers);
  try {
    await warmUp(scenarios, peers, extent, turns, say);
    const samples = new Samples();
    const cells = scenarios.flatMap((scenario) => asked(scenario, peers).map((peer) => ({ scenario, peer })));
    for (let round = 0; round < extent.rounds; round++) {
      for (const { scenario, peer } of round % 2 === 0 ? cells : cells.toReversed()) {
        if (scenario.once && round > 0) continue;
        say(`round ${round + 1} of ${extent.rounds}: ${scenario.name}, ${peer.id}`);
        samples.add(peer.id, await turns.take(peer, () => scenario.run(peer, extent)));
      }
    }
    return samples;
  } finally {
    turns.end();
  }
}

async function warmUp<Peer extends Measurable>(
  scenarios: readonly Scenario<Peer>[],
  peers: readonly Peer[],
  extent: Extent,
  turns: Turns<Peer>,
  say: (doing: string) => void,
): Promise<void> {
  for (const peer of peers) {
    const used = scenarios.filter((scenario) => asked(scenario, peers).includes(peer));
    const warm = new Set(used.flatMap((scenario) => scenario.warm ?? []));
    say(`warm-up: ${peer.id}`);
    await turns.take(peer, async () => {
      for (const act of warm) await act(peer, extent);
    });
  }
}

/** Whom a scenario says something about, in the order of their turns. */
function asked<Peer extends Measurable>({ of, skips }: Scenario<Peer>, peers: readonly Peer[]): Peer[] {
  const all = of ? of.flatMap((id) => peers.filter((peer) => peer.id === id)) : peers;
  return all.filter((peer) => !skips?.(peer));
}
