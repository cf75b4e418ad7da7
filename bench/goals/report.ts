import { type Goal, goals, type Measured } from "./rows.ts";

/** A line a goal: what was measured, the goal, met or missed. */
export function report(measured: Measured): string {
  const rows = goals.map((goal) => rowOf(goal, measured));
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([what = "", value = "", goal = "", verdict = ""]) =>
    [what.padEnd(widths[0] ?? 0), value.padStart(widths[1] ?? 0), goal.padEnd(widths[2] ?? 0), verdict].join(
      "  ",
    ),
  );
  const met = rows.filter(([, , , verdict]) => verdict === "met").length;
  return `${lines.join("\n")}\n\n${met} of ${rows.length} met. One run on ${measured.cores} cores under a load of ${measured.load.toFixed(1)}; medians of the rounds.`;
}

function rowOf({ what, unit, bound, goal, of, unless }: Goal, measured: Measured): string[] {
  const limit = typeof goal === "number" ? goal : goal(measured);
  const value = of(measured);
  const asked = `at ${bound} ${limit.toFixed(digits(limit))} ${unit}`;
  if (value === undefined || !Number.isFinite(value)) return [what, "", asked, "not measured"];
  // The direct way took longer than the one through a proxy: others had the machine.
  if (unit === "×" && value <= 0) return [what, "", asked, "lost in noise"];
  const met = bound === "most" ? value <= limit : value >= limit;
  const verdict = unless?.(measured) ?? (met ? "met" : "MISSED");
  return [what, `${value.toFixed(digits(value))} ${unit}`, asked, verdict];
}

function digits(value: number): number {
  return Math.abs(value) < 10 ? 2 : 0;
}
