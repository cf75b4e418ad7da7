import { join } from "node:path";
import { interleave } from "../interleave.ts";
import { readingOf, roomy } from "../own-process.ts";
import { type Report, reported } from "../report/report.ts";
import { extents, type Scenario } from "../scenario.ts";
import type { InsideAllocations, InsideTimes } from "./inside.entry.ts";
import { type InsideVariant, insideVariants } from "./inside.ts";

/** A process for each reading, which ends with it. */
interface InsidePeer {
  readonly processes: readonly number[];
  readonly id: InsideVariant;
  readonly title: string;
}

const entry = join(import.meta.dir, "inside.entry.ts");
const titles: Readonly<Record<InsideVariant, string>> = { bare: "no guardrail", record: "recorded" };

/** The gateway's own work without the kernel's: the steadiest figures that there are on a busy machine. */
export const inside: Scenario<{ readonly id: string }> = {
  name: "inside",
  figures: [
    {
      id: "http.inside",
      title: "inside the gateway, a request",
      unit: "× hashing 4 KB",
      better: "less",
      noise: 1,
    },
    { id: "http.insideCpu", title: "the same", unit: "µs", better: "less", noise: 1 },
    { id: "http.allocated", title: "allocated, a request", unit: "KB", better: "less", noise: 0.3 },
  ],
  skips: ({ id }) => !insideVariants.some((each) => each === id),
  async run({ id }) {
    const { cpu, hashes } = await readingOf<InsideTimes>(entry, [id]);
    const { allocated } = await readingOf<InsideAllocations>(entry, [id, "allocations"], roomy);
    return { "http.inside": hashes, "http.insideCpu": cpu, "http.allocated": allocated / 1024 };
  },
};

/** A minute at most. */
export async function measureHttpInside(say: (doing: string) => void): Promise<Report> {
  const peers: InsidePeer[] = insideVariants.map((id) => ({ id, title: titles[id], processes: [] }));
  const samples = await interleave([inside], peers, extents.short, say);
  return reported([inside], peers, samples, extents.short);
}
