/** One thing that is measured of every peer. */
export interface Figure {
  /** `cpu.simple`. */
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "less" | "more";
  /** How far it is off on a machine that others use too, relative; where that is more than usual. */
  readonly noise?: number;
  /** The peer that ratios are to; absent: the value says it all. */
  readonly to?: string;
}

/** What one run of one peer came to, by figure. */
export type Readings = Readonly<Record<string, number>>;

/** All readings: of each figure and peer one a round, in the order of the rounds. */
export class Samples {
  readonly #readings = new Map<string, number[]>();

  add(peer: string, readings: Readings): void {
    for (const [figure, value] of Object.entries(readings)) {
      const key = `${figure}\0${peer}`;
      const known = this.#readings.get(key);
      if (known) known.push(value);
      else this.#readings.set(key, [value]);
    }
  }

  /** These and the others'. */
  with(others: Samples): Samples {
    const both = new Samples();
    for (const [key, values] of [...this.#readings, ...others.#readings])
      both.#readings.set(key, [...(both.#readings.get(key) ?? []), ...values]);
    return both;
  }

  of(figure: string, peer: string): readonly number[] {
    return this.#readings.get(`${figure}\0${peer}`) ?? [];
  }

  /** undefined: this peer was not measured so. */
  median(figure: string, peer: string): number | undefined {
    return median(this.of(figure, peer));
  }

  /** A ratio a round: what disturbs a whole round leaves it as it is. */
  ratios(figure: string, peer: string, to: string): readonly number[] {
    const base = this.of(figure, to);
    return this.of(figure, peer).map((value, round) => value / (base[round] ?? Number.NaN));
  }

  /** By rounds, as ratios are. */
  differences(figure: string, peer: string, to: string): readonly number[] {
    const base = this.of(figure, to);
    return this.of(figure, peer).map((value, round) => value - (base[round] ?? Number.NaN));
  }

  /** By peer and figure. */
  all(): Readonly<Record<string, readonly number[]>> {
    const named = [...this.#readings].map(([key, values]) => [key.split("\0").reverse().join(" "), values]);
    return Object.fromEntries(named);
  }

  ratio({ id, to }: Figure, peer: string): number | undefined {
    return to === undefined ? undefined : median(this.ratios(id, peer, to));
  }
}

export function median(values: readonly number[]): number | undefined {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  const [low, high] = [sorted[middle - 1], sorted[middle]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** Half the distance between the smallest and the largest, relative to the median; 0 for a single one. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  if (!middle) return 0;
  return (Math.max(...values) - Math.min(...values)) / 2 / Math.abs(middle);
}
