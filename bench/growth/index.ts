import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lines } from "../report/lines.ts";
import { short as digits } from "../report/table.ts";
import { type Curve, steepness } from "./curve.ts";
import { growth, type Points } from "./scenarios.ts";

/** A cost may grow as fast as its work (1), never with its square (2); a busy machine is as far off as half of that. */
const steepest = 1.5;

/** A chart a curve in bench/results; `good`: nothing grows faster than its work. */
export async function measureGrowth(
  short: boolean,
  say: (doing: string) => void,
): Promise<{ readonly report: string; readonly good: boolean }> {
  const points: Points = (most) => tens(short ? most / 10 : most);
  const folder = join(import.meta.dir, "../results");
  mkdirSync(folder, { recursive: true });
  const curves: Curve[] = [];
  for (const [name, scenario] of Object.entries(growth)) {
    say(`growth: ${name}`);
    const curve = await scenario(points);
    writeFileSync(join(folder, `growth-${curve.id}.svg`), lines(curve));
    curves.push(curve);
  }
  const good = curves.every((curve) => curve.lines.every((line) => steepness(line) <= steepest));
  return { report: curves.map(written).join("\n\n"), good };
}

function tens(most: number): number[] {
  return Array.from({ length: Math.round(Math.log10(most)) + 1 }, (_, power) => 10 ** power);
}

function written({ title, over, unit, lines }: Curve): string {
  const rows = lines.map((line) => {
    const cells = line.points.map(({ x, y }) => `${digits(x)}: ${digits(y)}`.padEnd(16)).join("");
    const steep = steepness(line);
    return `  ${line.title.padEnd(30)}${cells}steepest ${steep.toFixed(2)}${steep > steepest ? " FASTER THAN ITS WORK" : ""}`;
  });
  return [`${title}, ${unit}, by ${over}`, ...rows].join("\n");
}
