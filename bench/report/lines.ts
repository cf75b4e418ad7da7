import type { Curve, Line, Point } from "../growth/curve.ts";
import { colours, text } from "./chart.ts";

const [left, top, width, height] = [72, 84, 520, 280];
const [right, bottom] = [32, 52];
const legendWidth = 196;

/**
 * A cost over what it grows with, both by powers of ten, in SVG. The dashed line is what grows with its work: where a
 * line is no steeper than that, nothing grows faster.
 */
export function lines({ title, over, unit, lines: all }: Curve): string {
  const points = all.flatMap((line) => line.points);
  const across = axis(points.map(({ x }) => x));
  const up = axis(points.map(({ y }) => y));
  const x = (value: number) => left + width * across.at(value);
  const y = (value: number) => top + height * (1 - up.at(value));
  const parts = [
    ...across.ticks.map((value) => vertical(x(value), tick(value))),
    ...up.ticks.map((value) => horizontal(y(value), tick(value))),
    text(left + width / 2, top + height + 40, over, "middle", 12),
    `<g transform="rotate(-90 18 ${top + height / 2})">${text(18, top + height / 2, `${unit} of CPU`, "middle", 12)}</g>`,
    guide(across, up, x, y),
    ...all.map((line, index) =>
      drawn(line, index, (point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`),
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + right}" height="${top + height + bottom}" font-family="sans-serif">
<rect width="100%" height="100%" fill="#fff"/>
${text(left, 22, `${title}, by ${over}`, "start", 15)}
${parts.join("\n")}
</svg>
`;
}

function vertical(at: number, label: string): string {
  const line = `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${top}" y2="${top + height}" stroke="#ddd"/>`;
  return `${line}${text(at, top + height + 18, label, "middle")}`;
}

function horizontal(at: number, label: string): string {
  const line = `<line x1="${left}" x2="${left + width}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}" stroke="#ddd"/>`;
  return `${line}${text(left - 8, at + 4, label, "end")}`;
}

function drawn(line: Line, index: number, place: (point: Point) => string): string {
  const colour = colours[(index + 1) % colours.length];
  const dots = line.points.map((point) => {
    const [x, y] = place(point).split(",");
    return `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`;
  });
  const path = line.points.map(place).join(" ");
  const at = left + (index % 3) * legendWidth;
  const row = 46 + Math.floor(index / 3) * 18;
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join("")}<rect x="${at}" y="${row - 9}" width="10" height="10" fill="${colour}"/>${text(at + 15, row, line.title, "start")}`;
}

interface Axis {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** One to one, from the lower left corner as far as both axes go. */
function guide(across: Axis, up: Axis, x: (value: number) => number, y: (value: number) => number): string {
  const [first = 1, last = 1] = [across.ticks[0], across.ticks.at(-1)];
  const [low = 1, high = 1] = [up.ticks[0], up.ticks.at(-1)];
  const far = Math.min(last / first, high / low);
  const ends = `x1="${x(first).toFixed(1)}" y1="${y(low).toFixed(1)}" x2="${x(first * far).toFixed(1)}" y2="${y(low * far).toFixed(1)}"`;
  return `<line ${ends} stroke="#999" stroke-dasharray="4 4"/>`;
}

/** From the power of ten below the smallest to the one above the largest. */
function axis(values: readonly number[]): Axis {
  const [least, most] = [
    Math.floor(Math.log10(Math.min(...values))),
    Math.ceil(Math.log10(Math.max(...values))),
  ];
  const span = Math.max(1, most - least);
  const ticks = Array.from({ length: span + 1 }, (_, power) => 10 ** (least + power));
  return { ticks, at: (value) => (Math.log10(value) - least) / span };
}

/** `0.1`, `10`, `100,000`. */
function tick(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 6 });
}
