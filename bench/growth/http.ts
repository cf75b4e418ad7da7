import { type InsideVariant, openInside, requestsOfRun } from "../http/inside.ts";
import { type Shape, usual } from "../http/messages.ts";
import type { Curve, Point } from "./curve.ts";
import type { Points, Scenario } from "./scenarios.ts";
import { best } from "./timed.ts";

type Titles = Pick<Curve, "id" | "title" | "over">;

/** What a request costs, by one thing that it may have more of. */
function by(
  titles: Titles,
  shape: (size: number) => Partial<Shape>,
  sizes: (points: Points) => readonly number[],
): Scenario {
  return async (points) => {
    const line = async (title: string, variant: InsideVariant) => {
      const all: Point[] = [];
      for (const x of sizes(points)) {
        const inside = await openInside(variant, { ...usual, ...shape(x) });
        const y = await best(inside.run, inside.settled);
        await inside.close();
        all.push({ x, y: y / requestsOfRun });
      }
      return { title, points: all };
    };
    return {
      ...titles,
      unit: "µs",
      lines: [await line("no guardrail", "bare"), await line("recorded", "record")],
    };
  };
}

/** More than a server takes as one head. */
const mostFields = 64;

export const httpGrowth: Readonly<Record<string, Scenario>> = {
  "http body": by(
    { id: "http-body", title: "An HTTP request", over: "bytes of its answer's body" },
    (body) => ({ body }),
    (points) => points(10_000).filter((size) => size >= 100),
  ),
  "http fields": by(
    { id: "http-fields", title: "An HTTP request", over: "fields of its head beside the usual" },
    (fields) => ({ fields }),
    () => [1, 4, 16, mostFields],
  ),
  "http rules": by(
    { id: "http-rules", title: "An HTTP request", over: "rules and resources" },
    (others) => ({ others }),
    (points) => points(1_000),
  ),
};
