import { cpus } from "node:os";
import { type Figure, type Samples, spread } from "../figure.ts";
import type { Extent } from "../scenario.ts";
import type { Titled } from "./table.ts";

/** Where and how something was measured. */
export function documentOf(extent: Extent) {
  return {
    measured: new Date().toISOString(),
    machine: { cpus: cpus().length, model: cpus()[0]?.model ?? "unknown", platform: process.platform },
    extent,
  };
}

/** The same as the table, for machines: every reading, with medians, ratios and spreads. */
export function document(
  figures: readonly Figure[],
  peers: readonly Titled[],
  samples: Samples,
  extent: Extent,
): object {
  return {
    ...documentOf(extent),
    figures: figures.map((figure) => ({
      ...figure,
      peers: Object.fromEntries(
        peers.flatMap(({ id }) => {
          const readings = samples.of(figure.id, id);
          if (readings.length === 0) return [];
          const ratio = samples.ratio(figure, id);
          return [[id, { median: samples.median(figure.id, id), ratio, spread: spread(readings), readings }]];
        }),
      ),
    })),
  };
}
