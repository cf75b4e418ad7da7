import type { Stored } from "../../../core/plugin.ts";
import type { Catalogue } from "../catalogue.ts";
import type { SqlStatement } from "./classify.ts";
import { loadRelations, originsOf } from "./columns.ts";

const none: readonly Stored[] = [];

/**
 * What a statement puts into columns of tables, where it may be of other columns (`Statement.stores`); of a text of
 * several statements what all of them put. After `loadStores`.
 */
export function storesOf(statement: SqlStatement, catalogue: Catalogue): readonly Stored[] | "unknown" {
  if (reads(statement)) return none;
  const lineages = statement.detail.lineage();
  if (lineages === undefined) return "unknown";
  return lineages.flatMap((lineage) => {
    const found = lineage.stores?.((name) => catalogue.named(name)) ?? [];
    return found.flatMap(({ into, from = originsOf(lineage.mentioned, lineage, catalogue) }) => {
      return from === "unknown" || from.length > 0 ? { into, from } : [];
    });
  });
}

/** Loads what `storesOf` will ask the catalogue for. undefined: nothing to wait for. Never rejects. */
export function loadStores(statement: SqlStatement, catalogue: Catalogue): Promise<void> | undefined {
  if (reads(statement)) return undefined;
  const storing = (statement.detail.lineage() ?? []).filter((each) => each.stores !== undefined);
  const names = new Set(storing.flatMap(({ relations }) => relations));
  return storing.length === 0 ? undefined : loadRelations([...names], statement, catalogue);
}

/** It stores nothing, whatever it is; what it prepares might. */
function reads({ actions, detail }: SqlStatement): boolean {
  return detail.uses.length === 0 && actions.every(({ effect }) => effect === "read" || effect === "connect");
}
