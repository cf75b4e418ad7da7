import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lines } from "../report/lines.ts";
import { short as digits } from "../report/table.ts";
import { type Curve, steepness } from "./curve.ts";
import { growth, type Points } from "./scenarios.ts";

/** A cost may grow as fast as its work (1), never with its square (2); a busy machine is as far off as half of that. */
const steepest = 1.5;

/**
 * `good`: nothing grows faster than its work. A chart a curve in bench/results is drawn anew only then: what a busy
 * machine bends is no picture of anything.
 */
export async function measureGrowth(
  short: boolean,
  say: (doing: string) => void,
): Promise<{ readonly report: string; readonly good: boolean }> {
  const points: Points = (most) => tens(short ? most / 10 : most);
  const curves: Curve[] = [];
  for (const [name, scenario] of Object.entries(growth)) {
    say(`growth: ${name}`);
    curves.push(await scenario(points));
  }
  const good = curves.every((curve) => curve.lines.every((line) => steepness(line) <= steepest));
  if (good) draw(curves);
  const drawn = good ? "" : "\n\nNo chart was drawn.";
  return { report: `${curves.map(written).join("\n\n")}${drawn}`, good };
}

function draw(curves: readonly Curve[]): void {
  const folder = join(import.meta.dir, "../results");
  mkdirSync(folder, { recursive: true });
  for (const curve of curves) writeFileSync(join(folder, `growth-${curve.id}.svg`), lines(curve));
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
