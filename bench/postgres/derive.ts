import type { Samples } from "../figure.ts";

/** What only shows between two peers: how much later than directly an answer comes. */
export function deriveAdded(samples: Samples, peers: readonly { readonly id: string }[]): void {
  for (const { id } of peers) {
    if (id === "direct") continue;
    for (const added of samples.differences("p50", id, "direct")) samples.add(id, { added });
  }
}
