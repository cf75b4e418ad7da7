import type { Origin } from "../../../core/plugin.ts";
import type { Catalogue, TableFacts } from "../catalogue.ts";
import type { SqlStatement } from "./classify.ts";
import type { ColumnName } from "./conditions.ts";
import type { Lineage } from "./lineage.ts";
import { type Refs, systemColumns } from "./refs.ts";

/**
 * The stored columns whose values decide what a statement does, besides being shown: those in its conditions, joins,
 * orders, groups and comparisons, and in what could fail by them (`Statement.predicates`). Of a text of several
 * statements those of all. What a view's own definition compares is its author's affair. After `loadPredicates`.
 */
export function predicatesOf(
  { detail }: Pick<SqlStatement, "detail">,
  catalogue: Catalogue,
): readonly Origin[] | "unknown" {
  if (detail.statements === 0) return [];
  const lineages = detail.lineage();
  if (lineages === undefined) return "unknown";
  const origins = new Map<string, Origin>();
  for (const lineage of lineages) {
    const found = ofOne(lineage, catalogue);
    if (found === "unknown") return found;
    for (const origin of found) origins.set(`${origin.table} ${origin.column}`, origin);
  }
  return [...origins.values()];
}

/** Loads what `predicatesOf` will ask the catalogue for. undefined: nothing to wait for. Never rejects. */
export function loadPredicates(
  { detail }: Pick<SqlStatement, "detail">,
  catalogue: Catalogue,
): Promise<void> | undefined {
  const asking = (detail.lineage() ?? []).filter(({ conditions }) => asks(conditions));
  const names = new Set(asking.flatMap(({ relations }) => relations));
  const missing = [...names].filter((name) => catalogue.named(name) === undefined);
  return missing.length === 0 ? undefined : catalogue.loadNamed(missing);
}

function asks({ opaque, wholes, columns }: Lineage["conditions"]): boolean {
  return !opaque && (wholes || columns.length > 0);
}

function ofOne(lineage: Lineage, catalogue: Catalogue): readonly Origin[] | "unknown" {
  const { conditions, relations, queries } = lineage;
  if (conditions.opaque) return "unknown";
  if (!asks(conditions)) return [];
  const tables = new Map<string, readonly TableFacts[]>();
  for (const name of relations) {
    const facts = catalogue.named(name);
    // Only this session sees it, or nobody: a query in WITH has no facts of its own.
    if (facts === undefined || (facts.length === 0 && !queries.has(name))) return "unknown";
    tables.set(name, facts);
  }
  const search = new Search(lineage, tables);
  const known =
    (!conditions.wholes || search.everything()) && conditions.columns.every((each) => search.find(each));
  return known ? search.origins : "unknown";
}

/** Gathers origins. Each step returns false when they cannot be told. */
class Search {
  readonly origins: Origin[] = [];
  readonly #followed = new Set<Refs>();

  constructor(
    readonly lineage: Lineage,
    readonly tables: ReadonlyMap<string, readonly TableFacts[]>,
  ) {}

  everything(): boolean {
    return [...this.tables.values()].flat().every(({ columns }) => {
      return [...columns.values()].every((column) => this.#add(column.origins));
    });
  }

  find({ name, of }: ColumnName): boolean {
    const { conditions } = this.lineage;
    const precise = of === undefined ? undefined : conditions.relations.get(of);
    const tables =
      precise === undefined
        ? [...this.tables.values()]
        : [...precise].map((each) => this.tables.get(each) ?? []);
    let found = false;
    for (const table of tables.flat()) {
      for (const column of table.columns.values()) {
        if (column.name !== name) continue;
        found = true;
        if (!this.#add(column.origins)) return false;
      }
    }
    // No column of that relation: a function of its row.
    if (precise !== undefined) return found || systemColumns.has(name);
    const given = conditions.given.get(name);
    if (given !== undefined && !this.#follow(given)) return false;
    if (conditions.called.has(name)) return this.#follow(conditions.unnamed);
    if (given !== undefined || found || systemColumns.has(name)) return true;
    this.origins.push({ column: name });
    return this.#follow(conditions.unnamed);
  }

  #follow(refs: Refs): boolean {
    if (refs.opaque) return false;
    if (this.#followed.has(refs)) return true;
    this.#followed.add(refs);
    if (refs.wholes && !this.everything()) return false;
    return [...refs.names].every((name) => this.find({ name }));
  }

  #add(origins: readonly Origin[] | "unknown"): boolean {
    if (origins === "unknown") return false;
    this.origins.push(...origins);
    return true;
  }
}
