import type { Action } from "../../../core/plugin.ts";
import type { RelationFacts } from "./definitions.ts";
import { bits, eventsOf, writtenOf } from "./events.ts";
import type { RelationLock } from "./locks.ts";
import type { Tree } from "./trees.ts";

/**
 * What a foreign key locks when the rows at one of its ends change: the server looks at the other end `FOR KEY SHARE`
 * (ri_triggers.c). What it cascades to is written anyway.
 */
export function keyLocks(
  relations: readonly RelationFacts[],
  actions: readonly Action[],
  trees: readonly Tree[] | undefined,
): readonly RelationLock[] {
  const changed = eventsOf(trees);
  const looks = {
    refers: (changed & (bits.insert | bits.update)) !== 0,
    "is referred to": (changed & (bits.update | bits.delete)) !== 0,
  };
  return writtenOf(relations, actions).flatMap(({ keys }) =>
    keys.flatMap(({ end, other }) => (looks[end] ? { relation: other, mode: "ROW SHARE" as const } : [])),
  );
}
