import { type Figure, median, type Samples, spread } from "../figure.ts";

/** What a figure of a peer was when it was last accepted, and how far it may be off without meaning anything. */
export interface Accepted {
  readonly value: number;
  /** Relative: 0.2 lets it grow by a fifth. */
  readonly noise: number;
}

/** By `peer figure`. */
export type Baseline = Readonly<Record<string, Accepted>>;

export interface Compared {
  readonly what: string;
  /** Absent: nobody has accepted it yet. */
  readonly accepted: Accepted | undefined;
  /** Absent: it could not be measured. */
  readonly now: number | undefined;
  readonly worse: boolean;
}

/** Below the least no difference is told: neighbours on the machine cost as much. Above the most a guard guards nothing. */
const noises = { least: 0.3, most: 1 };

/**
 * What has a peer to be compared with is compared by its ratio to that peer, which leaves out how fast the machine
 * is. All figures are better when they are less. What could not be measured has not been shown to be as good, and
 * what has no baseline is guarded by nothing: both are worse.
 */
export function compare(
  samples: Samples,
  figures: readonly Figure[],
  peers: readonly string[],
  baseline: Baseline,
): Compared[] {
  const now = new Map<string, number | undefined>(
    measured(samples, figures, peers).map(([what, readings]) => [what, median(readings)]),
  );
  return [...new Set([...Object.keys(baseline), ...now.keys()])].map((what) => {
    const [accepted, value] = [baseline[what], now.get(what)];
    const good = accepted && value !== undefined && value <= accepted.value * (1 + accepted.noise);
    return { what, accepted, now: value, worse: !good };
  });
}

export function baselineOf(samples: Samples, figures: readonly Figure[], peers: readonly string[]): Baseline {
  const known = measured(samples, figures, peers).map(([what, readings, least = noises.least]) => {
    const noise = Math.min(noises.most, Math.max(least, 2 * spread(readings)));
    return [what, { value: round(median(readings) ?? 0), noise: round(noise) }] as const;
  });
  return Object.fromEntries(known);
}

/** `peer figure`, what was read of it by rounds, and how far it is off at least. */
function measured(samples: Samples, figures: readonly Figure[], peers: readonly string[]) {
  return peers.flatMap((peer) =>
    figures.flatMap(({ id, to, noise }) => {
      const all = to === undefined ? samples.of(id, peer) : samples.ratios(id, peer, to);
      return median(all) === undefined ? [] : [[`${peer} ${id}`, all, noise] as const];
    }),
  );
}

export function verdict(compared: readonly Compared[]): string {
  const lines = compared.map(({ what, accepted, now, worse }) => {
    const said = `${worse ? "WORSE" : "ok   "}  ${what.padEnd(24)} ${now?.toFixed(2) ?? "was not measured"}`;
    if (!accepted) return `${said}; nobody has accepted it: --write-baseline`;
    const most = (accepted.value * (1 + accepted.noise)).toFixed(2);
    return `${said}; it was ${accepted.value}, and up to ${most} is noise`;
  });
  return `${lines.join("\n")}\n`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
