import type { Extent, Scenario, Warm } from "../scenario.ts";
import { canTrace, traced } from "../strace.ts";
import type { HttpPeer } from "./peer.ts";
import { type Load, wrk } from "./wrk.ts";

/** Thousands of requests that a gateway whose code is not compiled answers in a second, about; and of what weighs as much. */
const aSecond = 6;

/** wrk knows no other length than whole seconds; one of them is run before those that are measured. */
async function measured(
  peer: HttpPeer,
  file: string,
  connections: number,
  { seconds }: Extent,
  more = 0,
): Promise<Load> {
  if (seconds > 0) await wrk(peer, file, connections, 1);
  return await wrk(peer, file, connections, Math.max(1, seconds) + more);
}

const warmSmall: Warm<HttpPeer> = (peer, extent) => warmed("small", 64, peer, extent);
const warmLarge: Warm<HttpPeer> = (peer, extent) => warmed("large", 4, peer, extent);

async function warmed(file: string, connections: number, peer: HttpPeer, { warm }: Extent): Promise<void> {
  if (warm === 0) return;
  await wrk(peer, file, connections, peer.compiles ? Math.ceil(warm / aSecond) : 1);
}

/** A request at a time: what a caller waits. */
export const latency: Scenario<HttpPeer> = {
  name: "one connection",
  figures: [
    { id: "http.p50", title: "GET 1 KB, 1 connection, p50", unit: "µs", better: "less", to: "direct" },
  ],
  warm: warmSmall,
  async run(peer, extent) {
    return { "http.p50": (await measured(peer, "small", 1, extent)).p50 };
  },
};

export const throughput: Scenario<HttpPeer> = {
  name: "64 connections",
  figures: [
    { id: "http.requests", title: "GET 1 KB, 64 connections", unit: "1/s", better: "more", to: "haproxy" },
    { id: "http.cpu", title: "CPU a request", unit: "µs", better: "less", noise: 1, to: "haproxy" },
  ],
  warm: warmSmall,
  async run(peer, extent) {
    const load = await measured(peer, "small", 64, extent);
    const cpu = peer.carries.length === 0 ? {} : { "http.cpu": load.cpu };
    return { "http.requests": load.perSecond, ...cpu };
  },
};

/** With one connection, so that no two requests share a call. */
export const calls: Scenario<HttpPeer> = {
  name: "system calls",
  once: true,
  figures: [{ id: "http.calls", title: "system calls a request", unit: "", better: "less", to: "haproxy" }],
  skips: (peer) => !canTrace || peer.carries.length === 0,
  warm: warmSmall,
  async run(peer) {
    let requests = 0;
    const all = await traced(peer.carries, async () => {
      requests = (await wrk(peer, "small", 1, 1)).requests;
    });
    return { "http.calls": [...all.values()].reduce((sum, times) => sum + times, 0) / requests };
  },
};

export const bulk: Scenario<HttpPeer> = {
  name: "large answers",
  figures: [
    { id: "http.bulk", title: "large answers, 4 connections", unit: "MB/s", better: "more", to: "direct" },
    { id: "http.bulkCpu", title: "CPU a GB", unit: "s", better: "less", to: "haproxy" },
  ],
  warm: warmLarge,
  async run(peer, extent) {
    const load = await measured(peer, "large", 4, extent, 1);
    const cpu = peer.carries.length === 0 ? {} : { "http.bulkCpu": load.cpuPerGigabyte };
    return { "http.bulk": load.bytesPerSecond / 1e6, ...cpu };
  },
};
