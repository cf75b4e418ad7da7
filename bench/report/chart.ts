import type { Figure, Samples } from "../figure.ts";
import type { Titled } from "./table.ts";

/** In the order in which lines and bars take them. */
export const colours = [
  "#8a8f98",
  "#5b8def",
  "#3cb371",
  "#a6d8b9",
  "#d1495b",
  "#e07a5f",
  "#f2a65a",
  "#b56576",
  "#6d597a",
];
const label = 220;
const width = 460;
const bar = 11;
const gap = 14;
const top = 64;

/** Ratios as bars, in SVG: a group a figure, a bar a peer, a line where the ratio is 1. */
export function chart(
  title: string,
  figures: readonly Figure[],
  peers: readonly Titled[],
  samples: Samples,
): string {
  const shown = figures.flatMap((figure) => {
    const ratios = peers.map(({ id }) => samples.ratio(figure, id));
    return ratios.some((ratio) => ratio !== undefined) ? [{ figure, ratios }] : [];
  });
  const parts: string[] = [];
  let y = top;
  for (const { figure, ratios } of shown) {
    const scale = Math.max(1, ...ratios.map((ratio) => ratio ?? 0));
    const height = ratios.filter((ratio) => ratio !== undefined).length * bar;
    const said = `${figure.title} (${figure.better} is better)`;
    parts.push(text(label - 8, y + height / 2, said, "end"));
    const one = label + width / scale;
    for (const [at, ratio] of ratios.entries()) {
      if (ratio === undefined) continue;
      const long = (width * ratio) / scale;
      parts.push(
        `<rect x="${label}" y="${y}" width="${long.toFixed(1)}" height="${bar - 2}" fill="${colours[at % colours.length]}"/>`,
        text(label + long + 4, y + bar - 3, ratio.toFixed(2), "start", 9),
      );
      y += bar;
    }
    parts.push(
      `<line x1="${one.toFixed(1)}" x2="${one.toFixed(1)}" y1="${y - height}" y2="${y}" stroke="#333"/>`,
    );
    y += gap;
  }
  const legend = peers.map(({ title: name }, at) => {
    const x = 12 + (at % 5) * 140;
    const line = 30 + Math.floor(at / 5) * 14;
    return `<rect x="${x}" y="${line - 8}" width="9" height="9" fill="${colours[at % colours.length]}"/>${text(x + 13, line, name, "start")}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${label + width + 60}" height="${y + 10}" font-family="sans-serif">
<rect width="100%" height="100%" fill="#fff"/>
${text(12, 16, title, "start", 13)}
${[...legend, ...parts].join("\n")}
</svg>
`;
}

/** A piece of text in SVG. */
export function text(
  x: number,
  y: number,
  what: string,
  anchor: "start" | "middle" | "end",
  size = 11,
): string {
  const safe = what.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}" fill="#222">${safe}</text>`;
}
