import type { Denied, Operation, Origin } from "../../core/plugin.ts";
import type { Masks } from "./options.ts";

/**
 * Why an operation is refused that asks something of a masked column (`where email like 'a%'`): its answer would tell of
 * values that it does not show. undefined: it asks nothing of the kind.
 */
export function refusal({ predicates, actions }: Operation, masks: Masks): Denied | undefined {
  if (predicates === undefined && actions.every(({ effect }) => effect === "connect")) return undefined;
  if (predicates === undefined || predicates === "unknown") return { deny: untold };
  const asked = predicates.find((origin) => masks.columns.some(({ matches }) => matches.origin(origin)));
  if (asked === undefined) return undefined;
  return {
    deny: {
      code: "mask.predicate",
      message: `The statement asks something of ${nameOf(asked)}, which is masked: a condition, a join, an order, a group or a comparison.`,
      hint: "Show the column as it is, and filter, join, sort and group by others; name columns where it says `order by 2`.",
    },
  };
}

/** As an error says it. */
export function nameOf({ table, column }: Origin): string {
  return table === undefined ? `a column "${column}"` : `${table}.${column}`;
}

const untold = {
  code: "mask.predicate",
  message: "It cannot be told whether the statement asks something of a masked column.",
  hint: "Leave functions of your own out of conditions, and name relations that are there already.",
};
