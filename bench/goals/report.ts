import { median } from "../figure.ts";
import { type Goal, goals, type Measured, type Protocol } from "./rows.ts";

/** A row as it came out. */
export interface Outcome {
  readonly what: string;
  readonly unit: string;
  /** A figure a round. */
  readonly readings: readonly number[];
  /** Their median; absent: not measured. */
  readonly value: number | undefined;
  readonly bound: "most" | "least" | undefined;
  readonly goal: number | undefined;
  /** `met`, `MISSED`, or why it is neither. */
  readonly verdict: string;
}

export function outcomes(measured: Measured, protocols: readonly Protocol[]): Outcome[] {
  return protocols.flatMap((protocol) => goals[protocol].map((goal: Goal) => outcome(goal, measured)));
}

function outcome({ what, unit, bound, goal, positive, of, unless }: Goal, measured: Measured): Outcome {
  const limit = typeof goal === "function" ? goal(measured) : goal;
  const readings = of(measured).filter(Number.isFinite);
  const value = median(readings);
  const verdict = () => {
    if (value === undefined) return "not measured";
    if (bound === undefined || limit === undefined) return "beside";
    // The direct way took longer than the one through a proxy, or clear text than TLS: others had the machine.
    if ((positive || unit === "×") && value <= 0) return "lost in noise";
    return unless?.(measured) ?? ((bound === "most" ? value <= limit : value >= limit) ? "met" : "MISSED");
  };
  return { what, unit, readings, value, bound, goal: limit, verdict: verdict() };
}

/** A line a row: what was measured, its least and its most by rounds, the goal, met or missed. */
export function report(all: readonly Outcome[], { cores, load }: Measured): string {
  const rows = all.map(cells);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  const counted = ["met", "MISSED", "lost in noise", "not measured"];
  const asked = all.filter(({ goal, verdict }) => goal !== undefined && counted.includes(verdict));
  const met = asked.filter(({ verdict }) => verdict === "met").length;
  return `${lines.join("\n")}\n\n${met} of ${asked.length} met. One run on ${cores} cores, whose load was ${load.toFixed(1)} before it; medians of the rounds, their least and their most.`;
}

function cells({ what, unit, readings, value, bound, goal, verdict }: Outcome): string[] {
  const asked = goal === undefined ? "" : `at ${bound} ${said(goal)} ${unit}`;
  if (value === undefined) return [what, "", "", asked, verdict];
  const apart = readings.length > 1 ? `${said(Math.min(...readings))} – ${said(Math.max(...readings))}` : "";
  return [what, `${said(value)} ${unit}`, apart, asked, verdict];
}

function said(value: number): string {
  return value.toFixed(Math.abs(value) < 10 ? 2 : 0);
}
