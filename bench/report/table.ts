import { type Figure, type Samples, spread } from "../figure.ts";

export interface Titled {
  readonly id: string;
  readonly title: string;
}

/** Everything in one table: a figure a row, a peer a column, each value with how far the rounds were apart, and its ratio where it has one. */
export function table(figures: readonly Figure[], peers: readonly Titled[], samples: Samples): string {
  const head = ["", ...peers.map(({ title }) => title)];
  const rows = figures.map((figure) => [
    `${figure.title}${figure.unit === "" ? "" : `, ${figure.unit}`}`,
    ...peers.map(({ id }) => cell(figure, id, samples)),
  ]);
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  const rule = "-".repeat(Math.max(...lines.map((line) => line.length)));
  return `${[lines[0], rule, ...lines.slice(1)].join("\n")}\n`;
}

function cell(figure: Figure, peer: string, samples: Samples): string {
  const value = samples.median(figure.id, peer);
  if (value === undefined) return "";
  const ratio = samples.ratio(figure, peer);
  const readings = samples.of(figure.id, peer);
  const apart = readings.length > 1 ? ` ±${(spread(readings) * 100).toFixed(0)}%` : "";
  const said = `${short(value)}${apart}`;
  return ratio === undefined || peer === figure.to ? said : `${said} ×${ratio.toFixed(2)}`;
}

/** Three digits that count. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return `${(value / 1000).toFixed(size >= 100_000 ? 0 : 1)}k`;
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
