import type { Scenario } from "../scenario.ts";
import type { HttpPeer } from "./peer.ts";
import { wrk } from "./wrk.ts";

/** A request at a time: what a caller waits. */
export const latency: Scenario<HttpPeer> = {
  name: "one connection",
  figures: [
    { id: "http.p50", title: "GET 1 KB, 1 connection, p50", unit: "µs", better: "less", to: "direct" },
  ],
  async run(peer, { seconds }) {
    return { "http.p50": (await wrk(peer, "small", 1, seconds)).p50 };
  },
};

export const throughput: Scenario<HttpPeer> = {
  name: "64 connections",
  figures: [
    { id: "http.requests", title: "GET 1 KB, 64 connections", unit: "1/s", better: "more", to: "haproxy" },
    { id: "http.cpu", title: "CPU a request", unit: "µs", better: "less", to: "haproxy" },
  ],
  async run(peer, { seconds }) {
    const load = await wrk(peer, "small", 64, seconds);
    const cpu = peer.carries.length === 0 ? {} : { "http.cpu": load.cpu };
    return { "http.requests": load.perSecond, ...cpu };
  },
};

export const bulk: Scenario<HttpPeer> = {
  name: "large answers",
  figures: [
    { id: "http.bulk", title: "large answers, 4 connections", unit: "MB/s", better: "more", to: "direct" },
    { id: "http.bulkCpu", title: "CPU a GB", unit: "s", better: "less", to: "haproxy" },
  ],
  async run(peer, { seconds }) {
    const load = await wrk(peer, "large", 4, seconds + 1);
    const cpu = peer.carries.length === 0 ? {} : { "http.bulkCpu": load.cpuPerGigabyte };
    return { "http.bulk": load.bytesPerSecond / 1e6, ...cpu };
  },
};
