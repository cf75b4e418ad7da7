import type { Action } from "../../../core/plugin.ts";
import { identifier } from "../sql/names.ts";
import { isNode, type Node } from "../sql/node.ts";
import type { RelationFacts } from "./definitions.ts";
import { qualified } from "./identifiers.ts";
import type { Tree } from "./trees.ts";

/** pg_trigger.tgtype (pg_trigger.h). */
export const bits = {
  row: 1,
  before: 2,
  insert: 4,
  delete: 8,
  update: 16,
  truncate: 32,
  instead: 64,
} as const;

/** What statements do to rows, as bits; undefined: to be taken for everything. */
export function eventsOf(trees: readonly Tree[] | undefined): number {
  return trees ? eventsIn(trees) : bits.insert | bits.update | bits.delete | bits.truncate;
}

/** Of these relations, those that the actions write to; what a view reads may be what is written through it. */
export function writtenOf(
  relations: readonly RelationFacts[],
  actions: readonly Action[],
): readonly RelationFacts[] {
  const written = new Set(
    actions.flatMap(({ effect, on }) => (effect === "write" || effect === "delete" ? on : [])),
  );
  return relations.filter(({ schema, name, named }) => {
    const itself = written.has(qualified(schema, name)) || written.has(`*.${identifier(name)}`);
    return itself || (!named && written.size > 0);
  });
}

const eventOf: Readonly<Record<string, number | undefined>> = {
  __proto__: null as never,
  InsertStmt: bits.insert,
  UpdateStmt: bits.update,
  DeleteStmt: bits.delete,
  // Its branches are not looked at: one more than fires is no harm.
  MergeStmt: bits.insert | bits.update | bits.delete,
  TruncateStmt: bits.truncate,
};

function eventsIn(trees: readonly Tree[]): number {
  let found = 0;
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (!isNode(value)) return;
    for (const field in value) {
      found |= eventOf[field] ?? 0;
      if (field === "onConflictClause" && (value[field] as Node).action === "ONCONFLICT_UPDATE")
        found |= bits.update;
      visit(value[field]);
    }
  };
  for (const { kind, node } of trees) {
    if (kind === "CopyStmt" && node.is_from === true) found |= bits.insert;
    visit({ [kind]: node });
  }
  return found;
}
