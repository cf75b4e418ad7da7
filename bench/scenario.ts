import type { Figure, Readings } from "./figure.ts";

/** How much is measured: `short` is for a look, `long` for figures to quote, `guard` what CI has time for. */
export interface Extent {
  /** Times every scenario is run for every peer. */
  readonly rounds: number;
  /** Of load, a run. */
  readonly seconds: number;
  /** Rows of the bulk read. */
  readonly rows: number;
  /** Idle connections. */
  readonly connections: number;
  /** Transactions that are traced. */
  readonly traced: number;
  /** Transactions of each of 8 clients before anything is measured: the engine goes on compiling for tens of thousands. */
  readonly warm: number;
}

export const extents: Readonly<Record<"short" | "long" | "guard", Extent>> = {
  guard: { rounds: 3, seconds: 1, rows: 10, connections: 0, traced: 1000, warm: 500 },
  short: { rounds: 2, seconds: 1, rows: 200_000, connections: 200, traced: 1000, warm: 1500 },
  long: { rounds: 7, seconds: 3, rows: 1_000_000, connections: 1000, traced: 5000, warm: 8000 },
};

/** One way to use a peer, and the figures that come of it. */
export interface Scenario<Peer> {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** Once is enough: it does not get more exact by repetition. */
  readonly once?: true;
  /** Peers it says nothing about. */
  skips?(peer: Peer): boolean;
  run(peer: Peer, extent: Extent): Promise<Readings>;
}
