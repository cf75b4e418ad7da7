import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Baseline, baselineOf, compare, verdict } from "./compare.ts";
import { type Part, parts } from "./parts.ts";

const file = join(import.meta.dir, "../baseline.json");

/** By part. */
type Baselines = Readonly<Partial<Record<Part["name"], Baseline>>>;

export const accepted = (): Baselines => JSON.parse(readFileSync(file, "utf8")) as Baselines;

/**
 * Whether anything on the hot path costs more than `baseline.json` says; `good` is false then. `only`: one part of it.
 * About two minutes for all.
 */
export async function guard(
  only: string | undefined,
  writeBaseline: boolean,
  say: (doing: string) => void,
): Promise<{ readonly report: string; readonly good: boolean }> {
  const wanted = parts.filter(({ name }) => only === undefined || name === only);
  const reports: string[] = [];
  let good = true;
  for (const part of wanted) {
    const samples = await part.measure((doing) => say(`${part.name}: ${doing}`));
    if (writeBaseline) accept(part, baselineOf(samples, part.figures, part.peers));
    const compared = compare(samples, part.figures, part.peers, accepted()[part.name] ?? {});
    if (compared.some(({ worse }) => worse)) good = false;
    reports.push(`${part.name}\n${verdict(compared)}`);
  }
  return { report: reports.join("\n"), good: good || writeBaseline };
}

function accept({ name }: Part, baseline: Baseline): void {
  const all = { ...accepted(), [name]: baseline };
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}
