import { median, type Samples } from "../figure.ts";

/** All that one run has measured. */
export interface Measured {
  readonly samples: Samples;
  /** Microseconds that the disk takes to make a few hundred bytes durable, time after time; none: nobody asked. */
  readonly flushes: readonly number[];
  /** Megabytes a second that the detectors look through, time after time. */
  readonly scanner: readonly number[];
  readonly cores: number;
  /** Of the machine in the minute before: with much of it, believe little. */
  readonly load: number;
}

/** A row of the table of goals. */
export interface Goal {
  readonly what: string;
  readonly unit: string;
  /** What the figure may be at most, or must be at least; absent: it stands beside the others to be compared with. */
  readonly bound?: "most" | "least";
  readonly goal?: number | ((measured: Measured) => number);
  /** A figure that cannot be 0 or less, but for what disturbed the run; a ratio never can. */
  readonly positive?: true;
  /** A figure a round; none: it was not measured. */
  of(measured: Measured): readonly number[];
  /** Where it does not count: why. */
  unless?(measured: Measured): string | undefined;
}

/** What stands in the table as "policy on": a rule, classified effects, `record()`, the default trail. */
const on = "record";

type Goals = readonly Goal[];

/** `figure` of one peer to another's. */
const times = (
  what: string,
  bound: "most" | "least",
  goal: number,
  figure: string,
  peer: string,
  to: string,
): Goal => ({
  ...{ what, unit: "×", bound, goal },
  of: ({ samples }) => samples.ratios(figure, peer, to),
});

const over = (
  what: string,
  unit: string,
  goal: NonNullable<Goal["goal"]>,
  figure: string,
  peer: string,
  to: string,
): Goal => ({
  ...{ what, unit, bound: "most", goal },
  of: ({ samples }) => samples.differences(figure, peer, to),
});

const latency: Goals = [
  times("1 client, added p50, to HAProxy's", "most", 1.1, "added", on, "haproxy"),
  times("1 client, added p50, to PgBouncer's", "most", 1.25, "added", on, "pgbouncer-warm"),
];

const cpu: Goals = (["prepared", "simple"] as const).flatMap((mode) => [
  times(`CPU a query, ${mode}, to HAProxy's`, "most", 1.1, `cpu.${mode}`, on, "haproxy"),
  over(`CPU a query, ${mode}, over the bare relay's`, "µs", 4, `cpu.${mode}`, on, "relay"),
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
  over(
    "strict trail, 1 client, added p50 over none",
    "µs",
    ({ flushes }) => (median(flushes) ?? Number.NaN) + 50,
    "p50",
    "strict",
    "untrailed",
  ),
  times("default trail, 8 clients, to none", "least", 0.95, "rate.prepared.8", "rule", "untrailed"),
  times("default trail, 64 clients, to none", "least", 0.95, "rate.prepared.64", "rule", "untrailed"),
  over("default trail, CPU a query over none", "µs", 2, "cpu.prepared", "rule", "untrailed"),
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
    of: ({ samples }) => samples.of("tls.setup", on).map((micros) => micros / 1000),
    positive: true,
  },
  {
    ...{ what: "idle connection", unit: "KB", bound: "most", goal: 12 },
    of: ({ samples }) => samples.of("idle", "rule"),
  },
  {
    ...{ what: "idle connection, TLS", unit: "KB", bound: "most", goal: 16 },
    of: ({ samples }) => samples.of("idle.tls", "rule"),
  },
  {
    ...{ what: "8 clients beside 10,000 idle sessions, to none", unit: "×", bound: "least", goal: 0.95 },
    of: ({ samples }) => samples.of("beside", "rule"),
    unless: ({ samples }) => tooFew(median(samples.of("beside.sessions", "rule"))),
  },
];

/** A process may have so many files open, and each session is two. */
const sessions = { asked: 10_000, close: 0.98 };

function tooFew(count: number | undefined): string | undefined {
  if (count === undefined || count >= sessions.asked * sessions.close) return undefined;
  return `counts from 10,000 sessions on, here were ${count} (--smoke, or ulimit -n)`;
}

const crowd = times(
  "1,000 rules and resources, CPU a query, to one's",
  ...(["most", 1.1, "cpu.prepared", "crowd", "rule"] as const),
);

const http: Goals = [
  times("HTTP/1.1, 64 connections, requests, to HAProxy", "least", 0.7, "http.requests", on, "haproxy"),
  times("HTTP/1.1, CPU a request, to HAProxy's", "most", 2, "http.cpu", on, "haproxy"),
  beside("HTTP/1.1, requests, nginx, to HAProxy", "×", (samples) =>
    samples.ratios("http.requests", "nginx", "haproxy"),
  ),
  beside("HTTP/1.1, CPU a request, nginx, to HAProxy's", "×", (samples) =>
    samples.ratios("http.cpu", "nginx", "haproxy"),
  ),
];

const ssh: Goals = [
  times("SSH, scp, to direct", "least", 0.6, "ssh.scp", "postern", "direct"),
  over("SSH, key to its echo, p99, over direct", "ms", 2, "ssh.key.p99", "postern", "direct"),
  beside("SSH, scp, through a jump host, to direct", "×", (samples) =>
    samples.ratios("ssh.scp", "jump", "direct"),
  ),
  beside("SSH, key to its echo, p99, jump host, over direct", "ms", (samples) =>
    samples.differences("ssh.key.p99", "jump", "direct"),
  ),
];

function beside(what: string, unit: string, of: (samples: Samples) => readonly number[]): Goal {
  return { what, unit, of: ({ samples }) => of(samples) };
}

/** What the runtime can do at best, and what a recording adds. */
const besideOthers: Goals = [
  beside("1 client, added p50, bare relay, to HAProxy's", "×", (samples) =>
    samples.ratios("added", "relay", "haproxy"),
  ),
  beside("CPU a query, prepared, bare relay, to HAProxy's", "×", (samples) =>
    samples.ratios("cpu.prepared", "relay", "haproxy"),
  ),
  beside("CPU a query, prepared, a rule, to HAProxy's", "×", (samples) =>
    samples.ratios("cpu.prepared", "rule", "haproxy"),
  ),
  beside("8 clients, bare relay, to PgBouncer", "×", (samples) =>
    samples.ratios("rate.prepared.8", "relay", "pgbouncer-warm"),
  ),
];

/** The table of issue 8, row by row, and what stands beside it; by protocol. */
export const goals = {
  postgres: [latency, cpu, throughput, trail, bulk, connections, crowd, besideOthers].flat(),
  http,
  ssh,
} as const satisfies Readonly<Record<string, Goals>>;
export type Protocol = keyof typeof goals;
