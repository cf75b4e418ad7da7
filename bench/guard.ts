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
const noises = { least: 0.3, most: 1 };

/**
 * What has a peer to be compared with is compared by its ratio to that peer, which leaves out how fast the machine
 * is. All figures are better when they are less.
 */
export function compare(samples: Samples, figures: readonly Figure[], baseline: Baseline): Compared[] {
  return Object.entries(baseline).map(([what, accepted]) => {
    const [peer = "", id = ""] = what.split(" ");
    const figure = figures.find((one) => one.id === id);
    // What could not be measured has not been shown to be as good.
    const now = (figure && median(readings(samples, figure, peer))) ?? Number.NaN;
    return { ...accepted, what, now, worse: !(now <= accepted.value * (1 + accepted.noise)) };
  });
}

export function baselineOf(samples: Samples, figures: readonly Figure[], peers: readonly string[]): Baseline {
  const known = peers.flatMap((peer) =>
    figures.flatMap((figure) => {
      const all = readings(samples, figure, peer);
      const value = median(all);
      if (peer === figure.to || value === undefined) return [];
      const noise = Math.min(noises.most, Math.max(figure.noise ?? noises.least, 2 * spread(all)));
      return [[`${peer} ${figure.id}`, { value: round(value), noise: round(noise) }] as const];
    }),
  );
  return Object.fromEntries(known);
}

function readings(samples: Samples, { id, to }: Figure, peer: string): readonly number[] {
  return to === undefined ? samples.of(id, peer) : samples.ratios(id, peer, to);
}

export function verdict(compared: readonly Compared[]): string {
  const lines = compared.map(({ what, value, noise, now, worse }) => {
    const most = (value * (1 + noise)).toFixed(2);
    return `${worse ? "WORSE" : "ok   "}  ${what.padEnd(24)} ${now.toFixed(2)}; it was ${value}, and up to ${most} is noise`;
  });
  return `${lines.join("\n")}\n`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
