/** How a cost grows with one thing. */
export interface Curve {
  /** The chart's file. */
  readonly id: string;
  readonly title: string;
  /** Of what it grows with: `bytes of a statement`. */
  readonly over: string;
  readonly unit: string;
  readonly lines: readonly Line[];
}

export interface Line {
  readonly title: string;
  readonly points: readonly Point[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The steepest that a line gets between two points, as a power: 1 grows with its work, 2 with its square. A cost that is
 * the same for all sizes hides the rest, so that the last points tell most.
 */
export function steepness({ points }: Line): number {
  const steps = points.slice(1).map(({ x, y }, index) => {
    const before = points[index] as Point;
    return Math.log(y / before.y) / Math.log(x / before.x);
  });
  return Math.max(0, ...steps.filter(Number.isFinite));
}
