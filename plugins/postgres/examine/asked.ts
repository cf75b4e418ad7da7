import type { Statement } from "../../../core/plugin.ts";
import type { BoundParameters } from "../relay/parameters.ts";
import type { SessionSettings } from "../sql/index.ts";

/** One execution that a person is asked about. */
export interface AskedStatement {
  readonly statement: Statement;
  readonly parameters?: BoundParameters;
}

/** What is about to be held, and what the session knows of itself. */
export interface Asked {
  /** More than one: a batch. */
  readonly statements: readonly AskedStatement[];
  readonly settings: SessionSettings;
  /** What the server has said of its settings since the session logged in, by their names. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly transaction: OpenTransaction | undefined;
}

export interface OpenTransaction {
  /** Epoch milliseconds at which the server said so; absent: a group that has not come to its Sync, in which some ran. */
  readonly since?: number;
  /** How many ran in it after the one that began it. */
  statements: number;
}
