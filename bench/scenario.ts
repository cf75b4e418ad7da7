import type { Figure, Readings } from "./figure.ts";

/** How much is measured: each name says what for. */
export interface Extent {
  /** Times every scenario is run for every peer. */
  readonly rounds: number;
  /** Of load, a run; whole ones. More rounds tell more than longer runs. 0: as few transactions as there can be. */
  readonly seconds: number;
  /** Rows of the bulk read. */
  readonly rows: number;
  /** Idle connections whose memory is measured. */
  readonly connections: number;
  /** Idle sessions beside which others work. */
  readonly sessions: number;
  /** Transactions that are traced. */
  readonly traced: number;
  /** Thousands of queries through a gateway before anything is measured: its engine goes on compiling for so many. */
  readonly warm: number;
  /** Of the file that scp copies. */
  readonly megabytes: number;
  /** Keys that are typed in a terminal, a run. */
  readonly keys: number;
}

export const extents = {
  /** Does every step work at all? Its figures mean nothing. */
  smoke: {
    ...{ rounds: 1, seconds: 0, rows: 1000, connections: 20, sessions: 40, traced: 0, warm: 0 },
    ...{ megabytes: 1, keys: 5 },
  },
  /** What CI has time for. */
  guard: {
    ...{ rounds: 2, seconds: 1, rows: 10, connections: 0, sessions: 0, traced: 1000, warm: 20 },
    ...{ megabytes: 64, keys: 400 },
  },
  /** For a look. */
  short: {
    ...{ rounds: 5, seconds: 1, rows: 200_000, connections: 500, sessions: 10_000, traced: 1000, warm: 60 },
    ...{ megabytes: 256, keys: 300 },
  },
  /** For figures to quote. */
  long: {
    ...{
      rounds: 11,
      seconds: 2,
      rows: 1_000_000,
      connections: 1000,
      sessions: 10_000,
      traced: 5000,
      warm: 100,
    },
    ...{ megabytes: 1024, keys: 1000 },
  },
} as const satisfies Readonly<Record<string, Extent>>;
export type ExtentName = keyof typeof extents;

export type Warm<Peer> = (peer: Peer, extent: Extent) => Promise<unknown>;

/** One way to use a peer, and the figures that come of it. */
export interface Scenario<Peer> {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** Once is enough: it does not get more exact by repetition. */
  readonly once?: true;
  /** What it is run through before anything is measured; scenarios that need the same share it. */
  readonly warm?: Warm<Peer>;
  /** The peers it is run for, those side by side that are compared; absent: all, as they come. */
  readonly of?: readonly string[];
  /** Peers it says nothing about. */
  skips?(peer: Peer): boolean;
  run(peer: Peer, extent: Extent): Promise<Readings>;
}
