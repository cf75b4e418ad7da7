import type { Origin, Permit } from "../../core/plugin.ts";
import { type Ask, type AskAll, CatalogueCache } from "./catalogue/cache.ts";
import type { PostgresConfig } from "./config.ts";
import { Control } from "./control.ts";
import { dialControl } from "./dial.ts";
import { MeaningCache } from "./meaning/cache.ts";
import { type Meanings, meaningsOf } from "./meaning/index.ts";

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
  /** Where it is stored as it is and its type is a row that holds no further ones: that type, as origins name it. */
  readonly row?: { readonly table: string; readonly fields: readonly string[] };
}

/** `perhaps`: what ran says nothing of definitions, but runs what nobody here has read. */
export type May = "certainly" | "perhaps";

interface Shared {
  readonly cache: CatalogueCache;
  /** By whether sessions log in as the gateway's own connection does. */
  readonly meanings: Map<boolean, MeaningCache>;
  readonly control: Control;
  /** How many use it now. */
  sessions: number;
}

/** One cache and one connection for all sessions of a resource; gone with the policy that holds its config. */
const resources = new WeakMap<PostgresConfig, Shared>();

/** The same by host, for what is defined there by way of any of them. */
const ofHost = new Map<string, readonly WeakRef<Shared>[]>();

/** A session begins. */
export function enter(config: PostgresConfig): void {
  sharedOf(config).sessions += 1;
}

/** It ends. The connection is closed behind the last one, with what `last` closes. */
export function leave(config: PostgresConfig, last: () => void): void {
  const shared = sharedOf(config);
  shared.sessions -= 1;
  if (shared.sessions > 0) return;
  void shared.control.close();
  last();
}

/** `permit`: `Link.controlPermit` of the session that asks; used when no connection is open. */
export function catalogueOf(
  config: PostgresConfig,
  permit: (purpose: string) => Permit<PostgresConfig>,
): Catalogue {
  return new SessionCatalogue(sharedOf(config).cache, config, permit);
}

class SessionCatalogue implements Catalogue {
  constructor(
    readonly cache: CatalogueCache,
    readonly config: PostgresConfig,
    readonly permit: (purpose: string) => Permit<PostgresConfig>,
  ) {}

  table(oid: number): TableFacts | undefined {
    return this.cache.table(oid);
  }

  load(oids: readonly number[]): Promise<void> {
    return this.cache.load(oids, askOf(this.config, this.permit));
  }

  named(name: string): readonly TableFacts[] | undefined {
    return this.cache.named(name);
  }

  loadNamed(names: readonly string[]): Promise<void> {
    return this.cache.loadNamed(names, askOf(this.config, this.permit));
  }
}

/**
 * What a session asks of the resource's catalogue to tell what a statement does there. `login`: sessions log in as the
 * gateway's own connection does, and not as roles of their own.
 */
export function meaningsFor(
  config: PostgresConfig,
  permit: (purpose: string) => Permit<PostgresConfig>,
  login: boolean,
): Meanings {
  const { meanings } = sharedOf(config);
  const cache = meanings.get(login) ?? new MeaningCache(login);
  meanings.set(login, cache);
  return meaningsOf(cache, () => askAllOf(config, permit));
}

/** PostgreSQL 17 and later: with an event trigger on `login`, unless it is switched off. */
const loginTriggers =
  "select 1 from pg_catalog.pg_event_trigger where evtevent = 'login' and evtenabled <> 'D' limit 1";

/** Whether functions of the database's own run when somebody logs in. Throws where the catalogue cannot be asked. */
export async function runsAtLogin(
  config: PostgresConfig,
  permit: (purpose: string) => Permit<PostgresConfig>,
): Promise<boolean> {
  return (await askOf(config, permit)(loginTriggers, [])).length > 0;
}

/**
 * To call when an operation that may define something has gone to a server, and when it has ended: another resource,
 * or a later policy, may name the same database.
 */
export function invalidate(host: string, may: May): void {
  for (const kept of ofHost.get(host) ?? []) {
    const shared = kept.deref();
    shared?.cache.invalidate();
    for (const meaning of shared?.meanings.values() ?? []) {
      if (may === "certainly") meaning.invalidate();
      else meaning.suspect();
    }
  }
}

function askOf(config: PostgresConfig, permit: (purpose: string) => Permit<PostgresConfig>): Ask {
  const ask = askAllOf(config, permit);
  return async (text, parameters) => (await ask([{ text, parameters }]))[0] ?? [];
}

function askAllOf(config: PostgresConfig, permit: (purpose: string) => Permit<PostgresConfig>): AskAll {
  const shared = sharedOf(config);
  const { control } = shared;
  const dial = async () => await dialControl(permit("catalogue"));
  return async (questions) => {
    try {
      return await control.group(dial, questions);
    } finally {
      // Whoever asked is gone, and with it the last session.
      if (shared.sessions === 0) void control.close();
    }
  };
}

function sharedOf(config: PostgresConfig): Shared {
  let shared = resources.get(config);
  if (!shared) {
    shared = {
      cache: new CatalogueCache(),
      meanings: new Map(),
      control: new Control({ again: true }),
      sessions: 0,
    };
    resources.set(config, shared);
    const others = [...(ofHost.get(config.host) ?? [])].filter((kept) => kept.deref() !== undefined);
    ofHost.set(config.host, [...others, new WeakRef(shared)]);
  }
  return shared;
}
