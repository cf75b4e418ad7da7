import { join } from "node:path";
import { record } from "../../../plugins/index.ts";
import { readingOf, roomy } from "../../own-process.ts";
import type { Scenario } from "../../scenario.ts";
import { inside as measure } from "../inside.ts";
import type { Peer } from "../peers/peer.ts";

const modes = ["simple", "prepared"] as const;
const entry = join(import.meta.dir, "../inside.entry.ts");

/** The gateway's own work without the kernel's: the steadiest figure that there is on a busy machine. */
export const inside: Scenario<Peer> = {
  name: "inside",
  figures: [
    ...modes.map((mode) => ({
      ...{ id: `inside.${mode}`, title: `inside the gateway, ${mode}`, unit: "× hashing 4 KB" },
      ...({ better: "less", noise: 0.6 } as const),
    })),
    { id: "inside.allocated", title: "allocated a query, prepared", unit: "bytes", better: "less" },
  ],
  skips: ({ id }) => id !== "bare" && id !== "record",
  async run({ id }) {
    const costs: Record<string, number> = {};
    for (const mode of modes)
      costs[`inside.${mode}`] = await measure(mode, id === "record" ? [record()] : []);
    return { ...costs, "inside.allocated": await readingOf<number>(entry, ["prepared", id], roomy) };
  },
};
