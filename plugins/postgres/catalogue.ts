import type { Origin, Permit } from "../../core/plugin.ts";
import { type Ask, CatalogueCache } from "./catalogue/cache.ts";
import type { PostgresConfig } from "./config.ts";
import { Control } from "./control.ts";
import { dialControl } from "./dial.ts";

/** What a session asks of the resource's catalogue to tell which stored columns a value comes from. */
export interface Catalogue {
  /** What is known now; undefined: not loaded yet, or not to be had (then a column's origins are `unknown`). */
  table(oid: number): TableFacts | undefined;
  /** Loads those oids not known yet. Never rejects: what cannot be had stays undefined. */
  load(oids: readonly number[]): Promise<void>;
  /**
   * All relations that a name as SQL writes it (`"public"."orders"`, `"orders"`) may mean, whatever the search_path.
   * Empty: there is none, or only this session sees it. undefined: not known now.
   */
  named(name: string): readonly TableFacts[] | undefined;
  loadNamed(names: readonly string[]): Promise<void>;
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
  /** Computed by the server: COPY of a whole table leaves it out. */
  readonly generated: boolean;
  /** The column itself first, then what it inherits from or, for a view, may be computed from. */
  readonly origins: readonly Origin[] | "unknown";
}

interface Shared {
  readonly cache: CatalogueCache;
  readonly control: Control;
}

/** One cache and one connection for all sessions of a resource; gone with the policy that holds its config. */
const resources = new WeakMap<PostgresConfig, Shared>();

/** `permit`: `Link.controlPermit` of the session that asks; used when no connection is open. */
export function catalogueOf(
  config: PostgresConfig,
  permit: (purpose: string) => Permit<PostgresConfig>,
): Catalogue {
  const { cache, control } = sharedOf(config);
  const dial = async () => await dialControl(permit("catalogue"));
  const ask: Ask = (text, parameters) => control.query(dial, text, parameters);
  return {
    table: (oid) => cache.table(oid),
    load: (oids) => cache.load(oids, ask),
    named: (name) => cache.named(name),
    loadNamed: (names) => cache.loadNamed(names, ask),
  };
}

/** To call when an operation that may define something has gone to the resource, and when it has ended. */
export function invalidate(config: PostgresConfig): void {
  resources.get(config)?.cache.invalidate();
}

function sharedOf(config: PostgresConfig): Shared {
  let shared = resources.get(config);
  if (!shared) {
    shared = { cache: new CatalogueCache(), control: new Control() };
    resources.set(config, shared);
  }
  return shared;
}
