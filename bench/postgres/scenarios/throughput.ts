import type { Figure } from "../../figure.ts";
import type { Scenario } from "../../scenario.ts";
import type { Peer } from "../peers/peer.ts";
import { during, load, type Mode, modes } from "../pgbench.ts";
import { warmUp } from "../warm.ts";

/** As many short selects as go through, by 8 clients and by 64, and the CPU that they cost on the way. */
export const throughput: readonly Scenario<Peer>[] = [8, 64].flatMap((clients) =>
  modes.map((mode) => withClients(mode, clients)),
);

/** CPU alone, with 8 clients: what the guard looks at. */
export const cpu: readonly Scenario<Peer>[] = (["simple", "prepared"] as const).map((mode) => {
  const scenario = withClients(mode, 8);
  const costs = scenario.figures.filter(({ id }) => id.startsWith("cpu."));
  return { ...scenario, figures: costs, skips: (peer) => peer.carries.length === 0 };
});

function withClients(mode: Mode, clients: number): Scenario<Peer> {
  const name = `${mode}, ${clients} clients`;
  const rate: Figure = {
    id: `rate.${mode}.${clients}`,
    title: name,
    unit: "a second",
    better: "more",
    to: "direct",
  };
  if (clients !== 8) {
    return {
      name,
      figures: [rate],
      warm: warmUp[mode],
      run: async (peer, extent) => ({
        [rate.id]: (await load(peer, { mode, clients, ...during(extent) })).rate,
      }),
    };
  }
  const cost = { unit: "µs", better: "less", to: "haproxy", noise: 1 } as const;
  const own: Figure = { ...cost, id: `cpu.${mode}`, title: `CPU a query, ${mode}` };
  const all: Figure = { ...cost, id: `all.${mode}`, title: `the same and its index, ${mode}` };
  return {
    name,
    figures: [rate, own, all],
    warm: warmUp[mode],
    async run(peer, extent) {
      const result = await load(peer, { mode, clients, ...during(extent) });
      if (peer.carries.length === 0) return { [rate.id]: result.rate };
      return { [rate.id]: result.rate, [own.id]: result.cpu, [all.id]: result.cpuOfAll };
    },
  };
}
