import { type Figure, median, type Samples } from "../figure.ts";
import type { SshSamples } from "../ssh.ts";

/** All that one run has measured. */
export interface Measured {
  readonly postgres: Samples;
  /** Absent: nothing of the kind was asked for. */
  readonly http?: Samples;
  readonly ssh?: SshSamples;
  /** Microseconds that the disk takes to make a few hundred bytes durable, at the median. */
  readonly flush: number;
  /** Megabytes a second that the detectors look through. */
  readonly scanner: number;
  readonly cores: number;
  /** Of the machine over the last quarter of an hour, what is measured included: with more than there are cores, believe little. */
  readonly load: number;
}

/** A row of the table of goals. */
export interface Goal {
  readonly what: string;
  readonly unit: string;
  /** What the figure may be at most, or must be at least. */
  readonly bound: "most" | "least";
  readonly goal: number | ((measured: Measured) => number);
  /** undefined: it was not measured. */
  of(measured: Measured): number | undefined;
  /** Where it does not count: why. */
  unless?(measured: Measured): string | undefined;
}

/** What stands in the table as "policy on": a rule, classified effects, `record()`, the default trail. */
const on = "record";

type Goals = readonly Goal[];

const times = (
  what: string,
  bound: Goal["bound"],
  goal: number,
  figure: string,
  peer: string,
  to: string,
): Goal => ({
  ...{ what, unit: "×", bound, goal },
  of: ({ postgres }) => median(postgres.ratios(figure, peer, to)),
});

const latency: Goals = [
  times("1 client, added p50, to HAProxy's", "most", 1.1, "added", on, "haproxy"),
  times("1 client, added p50, to PgBouncer's", "most", 1.25, "added", on, "pgbouncer-warm"),
];

const cpu: Goals = (["prepared", "simple"] as const).flatMap((mode) => [
  times(`CPU a query, ${mode}, to HAProxy's`, "most", 1.1, `cpu.${mode}`, on, "haproxy"),
  {
    ...{ what: `CPU a query, ${mode}, over the bare relay's`, unit: "µs", bound: "most", goal: 4 },
    of: ({ postgres }) => difference(postgres, `cpu.${mode}`, on, "relay"),
  },
]);

const throughput: Goals = [
  times("8 clients, to PgBouncer", "least", 1, "rate.prepared.8", on, "pgbouncer-warm"),
  times("64 clients, to PgBouncer", "least", 0.95, "rate.prepared.64", on, "pgbouncer-warm"),
  {
    ...times("two workers, 64 clients, to one", "least", 1.7, "rate.prepared.64", "two", on),
    unless: ({ cores }) => (cores < 8 ? `counts from 8 cores on, here are ${cores}` : undefined),
  },
];

const trail: Goals = [
  times("strict trail, 8 clients, to none", "least", 0.65, "rate.prepared.8", "strict", "untrailed"),
  times("strict trail, 64 clients, to none", "least", 0.85, "rate.prepared.64", "strict", "untrailed"),
  {
    ...{ what: "strict trail, 1 client, added p50 over none", unit: "µs", bound: "most" },
    goal: ({ flush }) => flush + 50,
    of: ({ postgres }) => difference(postgres, "p50", "strict", "untrailed"),
  },
  times("default trail, 8 clients, to none", "least", 0.95, "rate.prepared.8", "rule", "untrailed"),
  times("default trail, 64 clients, to none", "least", 0.95, "rate.prepared.64", "rule", "untrailed"),
  {
    ...{ what: "default trail, CPU a query over none", unit: "µs", bound: "most", goal: 2 },
    of: ({ postgres }) => difference(postgres, "cpu.prepared", "rule", "untrailed"),
  },
];

const bulk: Goals = [
  times("bulk read, nothing masked, to direct", "least", 0.9, "bulk", "rule", "direct"),
  times("bulk read, one of eight columns masked, to direct", "least", 0.85, "bulk", "mask", "direct"),
  times("bulk read, detectors on all text, to direct", "least", 0.6, "bulk", "detect", "direct"),
  {
    ...{ what: "detectors' scanner", unit: "MB/s", bound: "least", goal: 400 },
    of: ({ scanner }) => scanner,
  },
  times("bulk read, nothing masked, CPU a GB, to HAProxy's", "most", 0.6, "bulk.cpu", "rule", "haproxy"),
];

const connections: Goals = [
  times("connection to first row, TLS, to PgBouncer cold", "most", 1.3, "connect.tls", on, "pgbouncer-cold"),
  {
    ...{ what: "TLS set-up, CPU", unit: "ms", bound: "most", goal: 0.6 },
    of: ({ postgres }) => {
      const [tls, clear] = [postgres.of("connect.tls.cpu", on), postgres.of("connect.cpu", on)];
      return median(tls.map((value, round) => (value - (clear[round] ?? Number.NaN)) / 1000));
    },
  },
  {
    ...{ what: "idle connection", unit: "KB", bound: "most", goal: 12 },
    of: ({ postgres }) => postgres.median("idle", "rule"),
  },
  {
    ...{ what: "idle connection, TLS", unit: "KB", bound: "most", goal: 16 },
    of: ({ postgres }) => postgres.median("idle.tls", "rule"),
  },
];

const others: Goals = [
  {
    ...{ what: "HTTP/1.1, 64 connections, requests, to HAProxy", unit: "×", bound: "least", goal: 0.7 },
    of: ({ http }) => http && median(http.ratios("http.requests", on, "haproxy")),
  },
  {
    ...{ what: "HTTP/1.1, CPU a request, to HAProxy's", unit: "×", bound: "most", goal: 2 },
    of: ({ http }) => http && median(http.ratios("http.cpu", on, "haproxy")),
  },
  {
    ...{ what: "SSH, scp, to direct", unit: "×", bound: "least", goal: 0.6 },
    of: ({ ssh }) => ssh && ratioOf(ssh, "scp, MB/s"),
  },
  {
    ...{ what: "SSH, key to its echo, p99, over direct", unit: "ms", bound: "most", goal: 2 },
    of: ({ ssh }) => ssh && percentile(ssh, "Postern") - percentile(ssh, "direct"),
  },
  times("1,000 rules and resources, CPU a query, to one's", "most", 1.1, "cpu.prepared", "crowd", "rule"),
];

/** The table of issue 8, row by row. */
export const goals: Goals = [latency, cpu, throughput, trail, bulk, connections, others].flat();

/** By rounds, as ratios are. */
function difference(samples: Samples, figure: Figure["id"], peer: string, to: string): number | undefined {
  const base = samples.of(figure, to);
  return median(samples.of(figure, peer).map((value, round) => value - (base[round] ?? Number.NaN)));
}

function ratioOf({ readings }: SshSamples, figure: string): number | undefined {
  const [own, direct] = ["Postern", "direct"].map((peer) => median(readings.get(`${figure}/${peer}`) ?? []));
  return own === undefined || direct === undefined ? undefined : own / direct;
}

function percentile({ readings }: SshSamples, peer: string): number {
  const sorted = (readings.get(`key to its echo, ms/${peer}`) ?? []).toSorted((one, other) => one - other);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}
