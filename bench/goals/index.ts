import { cpus, loadavg } from "node:os";
import { Samples } from "../figure.ts";
import { sampleHttp } from "../http/index.ts";
import { throughput as httpThroughput } from "../http/scenarios.ts";
import { interleave } from "../interleave.ts";
import { deriveAdded } from "../postgres/derive.ts";
import { gatewayPeers, neighbours, withPeers } from "../postgres/index.ts";
import { documentOf } from "../report/document.ts";
import type { Report } from "../report/report.ts";
import { type Extent, type ExtentName, extents } from "../scenario.ts";
import { sampleSsh } from "../ssh/index.ts";
import { keys, scp } from "../ssh/scenarios.ts";
import { flushMicros, scannerSpeed } from "./machine.ts";
import { outcomes, report } from "./report.ts";
import type { Measured, Protocol } from "./rows.ts";
import { scenarios } from "./scenarios.ts";

type Say = (doing: string) => void;

/** Every row of the table with its figure, its goal, and whether it is met; from one run in which the peers take turns. */
export async function measureGoals(name: ExtentName, only: Protocol | undefined, say: Say): Promise<Report> {
  const protocols = only === undefined ? (["postgres", "http", "ssh"] as const) : [only];
  const extent: Extent = extents[name];
  const [load = 0] = loadavg();
  let samples = new Samples();
  for (const protocol of protocols)
    samples = samples.with(await sample[protocol](extent, (doing) => say(`${protocol}: ${doing}`)));
  const beside = protocols.includes("postgres")
    ? { flushes: flushMicros(), scanner: await scannerSpeed() }
    : { flushes: [], scanner: [] };
  const measured: Measured = { samples, ...beside, cores: cpus().length, load };
  const rows = outcomes(measured, protocols);
  const document = { ...documentOf(extent), load: measured.load, goals: rows, readings: samples.all() };
  return { text: report(rows, measured), document };
}

const gateways = ["rule", "mask", "record", "strict", "detect", "crowd", "two", "untrailed"] as const;

const sample: Readonly<Record<Protocol, (extent: Extent, say: Say) => Promise<Samples>>> = {
  postgres(extent, say) {
    return withPeers([...neighbours, ...gatewayPeers(gateways)], extent, async (peers) => {
      const samples = await interleave(scenarios, peers, extent, say);
      deriveAdded(samples, peers);
      return samples;
    });
  },
  http: (extent, say) => sampleHttp([{ ...httpThroughput, of: ["nginx", "haproxy", "record"] }], extent, say),
  ssh: (extent, say) => sampleSsh([scp, keys], extent, say),
};
