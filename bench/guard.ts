import { type Figure, median, type Samples, spread } from "./figure.ts";

/** What a figure of a peer was when it was last accepted, and how far it may be off without meaning anything. */
export interface Accepted {
  readonly value: number;
  /** Relative: 0.2 lets it grow by a fifth. */
  readonly noise: number;
}

/** By `peer figure`. */
export type Baseline = Readonly<Record<string, Accepted>>;

export interface Compared extends Accepted {
  readonly what: string;
  readonly now: number;
  readonly worse: boolean;
}

/** Below the least no difference is told: neighbours on the machine cost as much. Above the most a guard guards nothing. */
const noises = { least: 0.2, most: 0.6 };

/**
 * Every figure is compared by its ratio to the peer that moves bytes and does nothing: that leaves out how fast the
 * machine is. All figures are better when they are less.
 */
export function compare(samples: Samples, baseline: Baseline): Compared[] {
  return Object.entries(baseline).map(([what, accepted]) => {
    const [peer = "", figure = ""] = what.split(" ");
    const now = samples.ratio(figure, peer, reference) ?? Number.NaN;
    // What could not be measured has not been shown to be as good.
    return { ...accepted, what, now, worse: !(now <= accepted.value * (1 + accepted.noise)) };
  });
}

export const reference = "haproxy";

export function baselineOf(samples: Samples, figures: readonly Figure[], peers: readonly string[]): Baseline {
  const known = peers.flatMap((peer) =>
    figures.flatMap(({ id }) => {
      const ratios = samples.ratios(id, peer, reference);
      const value = median(ratios);
      if (peer === reference || value === undefined) return [];
      const noise = Math.min(noises.most, Math.max(noises.least, 2 * spread(ratios)));
      return [[`${peer} ${id}`, { value: round(value), noise: round(noise) }] as const];
    }),
  );
  return Object.fromEntries(known);
}

export function verdict(compared: readonly Compared[]): string {
  const lines = compared.map(({ what, value, noise, now, worse }) => {
    const most = (value * (1 + noise)).toFixed(2);
    return `${worse ? "WORSE" : "ok   "}  ${what.padEnd(24)} ${now.toFixed(2)} × ${reference}'s; it was ${value}, and up to ${most} is noise`;
  });
  return `${lines.join("\n")}\n`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
