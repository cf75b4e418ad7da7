import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from "prom-client";

/** A count on the hot path: adding to it is one store, and the registry reads it when it is asked. */
export interface Tally {
  value: number;
}

/** Tallies by label values; `of` is called once a session, not once an operation. */
export interface Tallies {
  of(...labels: string[]): Tally;
}

/** What one process measures. Names and labels are listed in docs/operations.md. */
export interface Metrics {
  readonly registry: Registry;
  /** Labels: protocol, verdict (`allowed`, `denied`). */
  readonly operations: Tallies;
  /** Labels: limit, a key of the policy's `limits`. */
  readonly limitsReached: Tallies;
  /** Labels: protocol. */
  readonly sessionsOpen: Gauge<"protocol">;
  readonly sessionsOpened: Counter<"protocol">;
  /** Connections that ended before they had a session. Labels: protocol, code (the reason's). */
  readonly connectionsRefused: Counter<"protocol" | "code">;
  readonly holdOpen: Gauge;
  /** Seconds that those who waited for a trail entry to be durable did so, once a flush. */
  readonly trailFlush: Histogram;
  /** Supervisor only from here on. `how`: as in the trail's `hold-ended`. */
  readonly holdsEnded: Counter<"how">;
  readonly workersUp: Gauge;
  readonly workersReplaced: Counter<"why">;
  readonly policyReloads: Counter<"result">;
  /** Logins that were not accepted, wherever they came in. `slowed`: `yes` where the answer was held back. */
  readonly loginsFailed: Counter<"slowed">;
  /** `result`: `delivered`, `failed` (after the last attempt), `dropped` (too many were waiting). */
  readonly notices: Counter<"notifier" | "result">;
  /** Names who counts the notices that wait. */
  noticesWaiting(count: () => number): void;
  /** Entries that the index has taken in. */
  readonly indexed: Counter;
}

/** `process` names the writer in `postern_process_resident_bytes`: `supervisor`, `worker-0`. */
export function createMetrics(process = "supervisor"): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const make = <L extends string = string>(name: string, help: string, ...labelNames: L[]) => ({
    name: `postern_${name}`,
    help,
    labelNames,
    registers,
  });
  residentMemory(registry, process);
  return {
    registry,
    operations: tallies(make("operations_total", "Operations decided.", "protocol", "verdict")),
    limitsReached: tallies(
      make(
        "limits_reached_total",
        "Times that a limit of the policy's stopped or refused something.",
        "limit",
      ),
    ),
    sessionsOpen: new Gauge(make("sessions_open", "Sessions open now.", "protocol")),
    sessionsOpened: new Counter(make("sessions_opened_total", "Sessions opened.", "protocol")),
    connectionsRefused: new Counter(
      make("connections_refused_total", "Connections refused before a session opened.", "protocol", "code"),
    ),
    holdOpen: new Gauge(make("hold_open", "Operations waiting for an approval now.")),
    holdsEnded: new Counter(make("holds_ended_total", "Holds that ended.", "how")),
    trailFlush: new Histogram({
      ...make("trail_flush_seconds", "Time to make trail entries durable."),
      buckets: [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 5],
    }),
    workersUp: new Gauge(make("workers_up", "Worker processes that serve.")),
    workersReplaced: new Counter(make("workers_replaced_total", "Worker processes replaced.", "why")),
    policyReloads: new Counter(make("policy_reloads_total", "Policy reloads.", "result")),
    loginsFailed: new Counter(make("logins_failed_total", "Logins that were not accepted.", "slowed")),
    notices: new Counter(make("notices_total", "Notices to notifiers.", "notifier", "result")),
    noticesWaiting(count) {
      new Gauge({
        ...make("notices_waiting", "Notices not delivered yet."),
        collect() {
          this.set(count());
        },
      });
    },
    indexed: new Counter(make("indexed_entries_total", "Trail entries taken into the index.")),
  };
}

/** One exposition text of several processes' `registry.getMetricsAsJSON()`. */
export function renderMetrics(processes: readonly object[]): Promise<string> {
  return AggregatorRegistry.aggregate([...processes]).metrics();
}

function tallies(options: {
  name: string;
  help: string;
  labelNames: string[];
  registers: Registry[];
}): Tallies {
  const byLabels = new Map<string, { labels: string[]; tally: Tally; reported: number }>();
  new Counter({
    ...options,
    collect() {
      for (const entry of byLabels.values()) {
        this.labels(...entry.labels).inc(entry.tally.value - entry.reported);
        entry.reported = entry.tally.value;
      }
    },
  });
  return {
    of(...labels) {
      const key = labels.join("\0");
      const known = byLabels.get(key);
      if (known) return known.tally;
      const tally = { value: 0 };
      byLabels.set(key, { labels, tally, reported: 0 });
      return tally;
    },
  };
}

function residentMemory(registry: Registry, name: string): void {
  new Gauge({
    name: "postern_process_resident_bytes",
    help: "Resident memory of one process.",
    labelNames: ["process"],
    registers: [registry],
    collect() {
      this.labels(name).set(process.memoryUsage.rss());
    },
  });
}
