import type { TableFacts } from "../catalogue.ts";
import type { Question, Row } from "../control.ts";
import { factsQuery, type RelationRow, relationRow } from "./facts.ts";
import { originsOf, reliesOn, rowOf } from "./lineage.ts";

/** Asks the resource on the gateway's own connection. */
export type Ask = (text: string, parameters: readonly string[]) => Promise<Row[]>;
/** The same for several questions in one round trip: the rows of each. */
export type AskAll = (questions: readonly Question[]) => Promise<Row[][]>;

/** Milliseconds: what was changed in other ways than through the gateway is seen by then. */
const ttl = 60_000;
/** Milliseconds. A table of a transaction that is still open is there as soon as it commits. */
const absentTtl = 1_000;
const maxRelations = 20_000;
/** A view of views of views: more steps than this and its columns are unknown. */
const maxDepth = 32;

/** Also other sessions' temporary relations: one of this session's may hide a table of that name. */
const namesQuery = `
select n.name, c.oid
from pg_catalog.json_array_elements_text($1::pg_catalog.json) n (name),
  lateral pg_catalog.parse_ident(n.name) p (parts),
  pg_catalog.pg_class c join pg_catalog.pg_namespace s on s.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relname = p.parts[pg_catalog.cardinality(p.parts)]
  and (pg_catalog.cardinality(p.parts) = 1 or s.nspname = p.parts[1])`;

interface Entry {
  readonly loadedAt: number;
  /** Absent: the server knows no such relation. */
  readonly facts?: TableFacts;
}

/** What is known of one resource's relations, for all its sessions. */
export class CatalogueCache {
  readonly #entries = new Map<number, Entry>();
  readonly #loading = new Map<number, Promise<void>>();
  readonly #names = new Map<string, { readonly loadedAt: number; readonly oids: readonly number[] }>();
  #version = 0;
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  table(oid: number): TableFacts | undefined {
    return this.#fresh(oid)?.facts;
  }

  /** Never rejects. */
  async load(oids: readonly number[], ask: Ask): Promise<void> {
    const missing = [...new Set(oids)].filter((oid) => oid !== 0 && !this.#fresh(oid));
    const fresh = missing.filter((oid) => !this.#loading.has(oid));
    if (fresh.length > 0) {
      const loading = this.#fetch(fresh, ask).catch(() => {});
      for (const oid of fresh) this.#loading.set(oid, loading);
      loading.finally(() => {
        for (const oid of fresh) if (this.#loading.get(oid) === loading) this.#loading.delete(oid);
      });
    }
    await Promise.all(missing.map((oid) => this.#loading.get(oid)));
  }

  /** All relations that a name as SQL writes it may mean, whatever the search_path; undefined: not known now. */
  named(name: string): readonly TableFacts[] | undefined {
    const found = this.#names.get(name);
    if (found === undefined) return undefined;
    if (this.#now() - found.loadedAt >= (found.oids.length === 0 ? absentTtl : ttl)) return undefined;
    const facts = found.oids.map((oid) => this.table(oid));
    return facts.every((each) => each !== undefined) ? facts : undefined;
  }

  /** Never rejects. */
  async loadNamed(names: readonly string[], ask: Ask): Promise<void> {
    if (names.length === 0) return;
    const version = this.#version;
    const loadedAt = this.#now();
    try {
      const rows = await ask(namesQuery, [JSON.stringify(names)]);
      if (version !== this.#version) return;
      if (this.#names.size + names.length > maxRelations) this.#names.clear();
      for (const name of names) {
        const oids = rows.filter((row) => row[0] === name).map((row) => Number(row[1]));
        this.#names.set(name, { loadedAt, oids });
      }
      await this.load(
        rows.map((row) => Number(row[1])),
        ask,
      );
    } catch {
      // Not to be had: what they mean stays unknown.
    }
  }

  /** Something was defined: nothing that is known, or being loaded, counts any more. */
  invalidate(): void {
    this.#version += 1;
    this.#entries.clear();
    this.#names.clear();
    this.#loading.clear();
  }

  #fresh(oid: number): Entry | undefined {
    const entry = this.#entries.get(oid);
    return entry && this.#now() - entry.loadedAt < (entry.facts ? ttl : absentTtl) ? entry : undefined;
  }

  async #fetch(oids: readonly number[], ask: Ask): Promise<void> {
    const version = this.#version;
    const loadedAt = this.#now();
    const relations = await relationsOf(oids, ask);
    if (version !== this.#version) return;
    if (this.#entries.size + oids.length > maxRelations) this.#entries.clear();
    for (const oid of oids) {
      const relation = relations.get(oid);
      this.#entries.set(oid, relation ? { loadedAt, facts: tableFacts(relation, relations) } : { loadedAt });
    }
  }
}

/** These relations and all that their columns may come from. */
async function relationsOf(oids: readonly number[], ask: Ask): Promise<Map<number, RelationRow>> {
  const known = new Map<number, RelationRow>();
  let wanted = oids;
  for (let depth = 0; wanted.length > 0 && depth < maxDepth; depth += 1) {
    const rows = (await ask(factsQuery, [`{${wanted.join()}}`])).map(relationRow);
    for (const row of rows) known.set(row.oid, row);
    wanted = [...new Set(rows.flatMap(reliesOn))].filter((oid) => !known.has(oid));
  }
  return known;
}

function tableFacts(relation: RelationRow, relations: ReadonlyMap<number, RelationRow>): TableFacts {
  const find = (oid: number) => relations.get(oid);
  const { oid, schema, name, kind } = relation;
  const columns = relation.columns.map((column) => {
    const row = rowOf(relation, column);
    const origins = originsOf(relation, column, find);
    const facts = { name: column.name, generated: column.generated, origins, ...(row ? { row } : {}) };
    return [column.number, facts] as const;
  });
  return { oid, schema, name, kind, columns: new Map(columns) };
}
