import type { Figure, Samples } from "../figure.ts";
import type { Extent } from "../scenario.ts";
import { document } from "./document.ts";
import { type Titled, table } from "./table.ts";

/** What was measured, for people and for machines. */
export interface Report {
  readonly text: string;
  readonly document: object;
}

export function reported(
  scenarios: readonly { readonly figures: readonly Figure[] }[],
  peers: readonly Titled[],
  samples: Samples,
  extent: Extent,
): Report {
  const figures = figuresOf(scenarios);
  const { to, rest } = references(figures, peers);
  return {
    text: `${table(figures, peers, samples)}Medians, and how far the rounds were apart.${to === "" ? "" : ` × is the ratio to ${to}${rest}.`}`,
    document: document(figures, peers, samples, extent),
  };
}

/** Of all the scenarios, each once. */
export function figuresOf(scenarios: readonly { readonly figures: readonly Figure[] }[]): Figure[] {
  const all = scenarios.flatMap((scenario) => scenario.figures);
  return [...new Map(all.map((figure) => [figure.id, figure])).values()];
}

/** `direct`, `, for CPU a GB to HAProxy`. */
function references(figures: readonly Figure[], peers: readonly Titled[]) {
  const titleOf = (id: string | undefined) => peers.find((peer) => peer.id === id)?.title ?? id ?? "";
  const named = Map.groupBy(
    figures.filter(({ to }) => to !== undefined),
    ({ to }) => titleOf(to),
  );
  const [first = "", ...others] = named.keys();
  const rest = others.map(
    (to) => `; for ${(named.get(to) ?? []).map(({ title }) => title).join(", ")} to ${to}`,
  );
  return { to: first, rest: rest.join("") };
}
