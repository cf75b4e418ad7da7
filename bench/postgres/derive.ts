import type { Samples } from "../figure.ts";

/** What only shows between two peers: how much later than directly an answer comes. */
export function deriveAdded(samples: Samples, peers: readonly { readonly id: string }[]): void {
  const base = samples.of("p50", "direct");
  for (const { id } of peers) {
    if (id === "direct") continue;
    for (const [round, value] of samples.of("p50", id).entries()) {
      samples.add(id, { added: value - (base[round] ?? Number.NaN) });
    }
  }
}
