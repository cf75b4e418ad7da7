import type { Curve, Point } from "../growth/curve.ts";
import { colours, text } from "./chart.ts";
import { short } from "./table.ts";

const [left, top, width, height] = [64, 56, 460, 260];

/** A cost over what it grows with, both by powers of ten, in SVG: what grows with its work is a line of 45 degrees a square. */
export function lines({ title, over, unit, lines: all }: Curve): string {
  const points = all.flatMap((line) => line.points);
  const across = axis(points.map(({ x }) => x));
  const up = axis(points.map(({ y }) => y));
  const place = ({ x, y }: Point) =>
    `${(left + width * across.at(x)).toFixed(1)},${(top + height * (1 - up.at(y))).toFixed(1)}`;
  const parts = [
    ...across.ticks.map((x) => {
      const at = left + width * across.at(x);
      return `<line x1="${at}" x2="${at}" y1="${top}" y2="${top + height}" stroke="#ddd"/>${text(at, top + height + 14, short(x), "middle", 9)}`;
    }),
    ...up.ticks.map((y) => {
      const at = top + height * (1 - up.at(y));
      return `<line x1="${left}" x2="${left + width}" y1="${at}" y2="${at}" stroke="#ddd"/>${text(left - 6, at + 3, short(y), "end", 9)}`;
    }),
    ...all.map((line, index) => {
      const colour = colours[(index + 1) % colours.length];
      const dots = line.points.map((point) => {
        const [x, y] = place(point).split(",");
        return `<circle cx="${x}" cy="${y}" r="2.5" fill="${colour}"/>`;
      });
      const drawn = `<polyline points="${line.points.map(place).join(" ")}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
      const at = 12 + (index % 3) * 190;
      const row = 30 + Math.floor(index / 3) * 14;
      return `${drawn}${dots.join("")}<rect x="${at}" y="${row - 8}" width="9" height="9" fill="${colour}"/>${text(at + 13, row, line.title, "start")}`;
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 40}" height="${top + height + 40}" font-family="sans-serif">
<rect width="100%" height="100%" fill="#fff"/>
${text(12, 16, `${title}, ${unit}, by ${over}`, "start", 13)}
${parts.join("\n")}
</svg>
`;
}

/** From the power of ten below the smallest to the one above the largest. */
function axis(values: readonly number[]): { readonly ticks: readonly number[]; at(value: number): number } {
  const [least, most] = [
    Math.floor(Math.log10(Math.min(...values))),
    Math.ceil(Math.log10(Math.max(...values))),
  ];
  const span = Math.max(1, most - least);
  const ticks = Array.from({ length: span + 1 }, (_, power) => 10 ** (least + power));
  return { ticks, at: (value) => (Math.log10(value) - least) / span };
}
