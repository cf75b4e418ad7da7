import type { Finding, Statement } from "../../../core/plugin.ts";
import { relationName } from "../sql/names.ts";
import { text } from "../sql/node.ts";
import type { SessionSettings } from "../sql/settings.ts";
import { definitionLocks } from "./definition-locks.ts";
import type { LockedRelation, RelationFacts } from "./definitions.ts";
import { qualified } from "./identifiers.ts";
import { type LockMode, stronger } from "./lock-modes.ts";
import { nameOf } from "./names.ts";
import { treesOf } from "./trees.ts";

/** Which lock a statement needs on each relation; names as the classifier writes them. */
export type NeededLocks = ReadonlyMap<string, LockMode>;

/**
 * What follows from the kind of each statement in the text, and from what it does to what. What functions and triggers
 * take besides cannot be told.
 */
export function neededLocks({ text: sql, actions }: Statement, settings: SessionSettings): NeededLocks {
  const locks = new Map<string, LockMode>();
  const need = (on: string, mode: LockMode) => {
    const before = locks.get(on);
    locks.set(on, before === undefined ? mode : stronger(before, mode));
  };
  for (const tree of treesOf(sql) ?? []) {
    for (const [relation, mode] of definitionLocks(tree) ?? []) {
      need(relationName(text(relation.schemaname) ?? "", text(relation.relname) ?? "", settings), mode);
    }
  }
  const told = new Set(locks.keys());
  for (const { effect, on, traits = [] } of actions) {
    if (nameOf(on) === undefined) continue;
    if (effect === "read") need(on, "ACCESS SHARE");
    else if (effect === "write") need(on, traits.includes("lock") ? "ROW SHARE" : "ROW EXCLUSIVE");
    else if (effect === "delete") need(on, "ROW EXCLUSIVE");
    else if (effect === "define" && !told.has(on)) need(on, "ACCESS EXCLUSIVE");
  }
  return locks;
}

/** A lock on a relation that is there. */
export interface RelationLock {
  readonly relation: LockedRelation;
  readonly mode: LockMode;
}

/** Each needed lock on each relation that its name may mean. */
export function locksOn(needed: NeededLocks, relations: readonly RelationFacts[]): readonly RelationLock[] {
  return [...needed].flatMap(([on, mode]) => {
    const wanted = nameOf(on);
    return relations.flatMap((relation) =>
      relation.named &&
      relation.name === wanted?.name &&
      (wanted.schema === null || wanted.schema === relation.schema)
        ? { relation, mode }
        : [],
    );
  });
}

/** What they keep others from, where that is more than other definitions. */
const keepsOut: Readonly<Partial<Record<LockMode, string>>> = {
  SHARE: "nobody else can write to it meanwhile",
  "SHARE ROW EXCLUSIVE": "nobody else can write to it meanwhile",
  EXCLUSIVE: "nobody else can write to it meanwhile",
  "ACCESS EXCLUSIVE": "nobody else can read or write it meanwhile",
};

export function lockFinding({ relation, mode }: RelationLock): Finding {
  const meanwhile = keepsOut[mode];
  const value = `${mode} on ${qualified(relation.schema, relation.name)}`;
  return meanwhile === undefined
    ? { label: "lock", value }
    : { label: "lock", value: `${value}: ${meanwhile}`, severity: "warning" };
}
