import type { Wire } from "../../../core/plugin.ts";
import { cpuSeconds } from "../../processes.ts";
import type { Scenario } from "../../scenario.ts";
import { openSession, readAnswer } from "../client.ts";
import type { Peer } from "../peers/peer.ts";
import { warmBulk } from "../warm.ts";

/** Eight columns; nothing in them can look like the end of an answer. */
export const bulkTable = (rows: number) =>
  `create table bulk as select i as c1, i * 7 as c2, md5(i::text) as c3, md5((i + 1)::text) as c4, i % 100 as c5,
     'fixed text of some length' as c6, i % 2 = 0 as c7, now() as c8 from generate_series(1, ${rows}) i`;

/** Seconds of the same before those that are measured. */
const runIn = 0.3;

/** A large result as fast as one reader takes it. */
export const bulk: Scenario<Peer> = {
  name: "bulk read",
  figures: [
    { id: "bulk", title: "bulk read", unit: "MB/s", better: "more", to: "direct" },
    { id: "bulk.cpu", title: "CPU a GB, bulk read", unit: "s", better: "less", to: "haproxy" },
  ],
  warm: warmBulk,
  async run(peer, extent) {
    const wire = await openSession(peer);
    if (extent.seconds > 0) await answers(wire, runIn);
    const before = cpuSeconds(peer.carries);
    const { bytes, seconds } = await answers(wire, extent.seconds);
    const used = cpuSeconds(peer.carries) - before;
    wire.end();
    const costs = peer.carries.length > 0 ? { "bulk.cpu": used / (bytes / 1e9) } : {};
    return { bulk: bytes / 1e6 / seconds, ...costs };
  },
};

/** One after another, at least one, for so many seconds. */
async function answers(
  wire: Wire,
  length: number,
): Promise<{ readonly bytes: number; readonly seconds: number }> {
  const started = performance.now();
  const passed = () => (performance.now() - started) / 1000;
  let bytes = 0;
  do bytes += await readAnswer(wire, "select * from bulk");
  while (passed() < length);
  return { bytes, seconds: passed() };
}
