import type { Origin } from "../../core/plugin.ts";

/** What a session asks of the resource's catalogue to tell which stored columns a value comes from. */
export interface Catalogue {
  /** What is known now; undefined: not loaded yet, or not to be had (then a column's origins are `unknown`). */
  table(oid: number): TableFacts | undefined;
  /** Loads those oids not known yet. Never rejects: what cannot be had stays undefined. */
  load(oids: readonly number[]): Promise<void>;
}

export interface TableFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: `r` table, `p` partitioned, `v` view, `m` materialised view, `f` foreign … */
  readonly kind: string;
  /** By attribute number. Columns added since it was loaded are absent. */
  readonly columns: ReadonlyMap<number, ColumnFacts>;
}

export interface ColumnFacts {
  readonly name: string;
  /** The column itself first, then what it inherits from or, for a view, may be computed from. */
  readonly origins: readonly Origin[] | "unknown";
}
