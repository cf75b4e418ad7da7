import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { baselineOf, compare, verdict } from "../guard.ts";
import { interleave } from "../interleave.ts";
import { type Extent, extents } from "../scenario.ts";
import baseline from "./baseline.json" with { type: "json" };
import { inside } from "./measure-inside.ts";

/** What it costs with everything on. */
const peers = [{ id: "record" }] as const;
const extent: Extent = { ...extents.guard, rounds: 2 };

/** What means the same on any machine. */
const figures = inside.figures.filter(({ unit }) => unit !== "µs");

/**
 * Whether a request costs more inside the gateway than `baseline.json` says, or allocates more. `good` is false then.
 * Fifteen seconds.
 */
export async function guardHttp(
  writeBaseline: boolean,
  say: (doing: string) => void,
): Promise<{ readonly report: string; readonly good: boolean }> {
  const samples = await interleave([inside], peers, extent, say);
  if (writeBaseline) {
    const made = baselineOf(
      samples,
      figures,
      peers.map(({ id }) => id),
    );
    writeFileSync(join(import.meta.dir, "baseline.json"), `${JSON.stringify(made, null, 2)}\n`);
  }
  const compared = compare(samples, figures, baseline);
  return { report: verdict(compared), good: writeBaseline || !compared.some(({ worse }) => worse) };
}
