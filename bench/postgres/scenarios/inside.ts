import { join } from "node:path";
import { record } from "../../../plugins/index.ts";
import type { Scenario } from "../../scenario.ts";
import { inside as measure } from "../inside.ts";
import type { Peer } from "../peers/peer.ts";
import type { Mode } from "../pgbench.ts";

const modes = ["simple", "prepared"] as const;
const entry = join(import.meta.dir, "../inside.entry.ts");
/** With so much room the collector has no reason to run before all is measured. */
const room = { BUN_JSC_largeHeapSize: "2000000000" };

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
    return { ...costs, "inside.allocated": await allocated("prepared", id) };
  },
};

async function allocated(mode: Mode, guardrail: string): Promise<number> {
  const child = Bun.spawn([process.execPath, entry, mode, guardrail], {
    env: { ...process.env, ...room },
    stdout: "pipe",
    stderr: "inherit",
  });
  const said = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${entry} ${mode} ${guardrail} failed.`);
  return Number(said);
}
