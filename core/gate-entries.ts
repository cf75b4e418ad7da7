import type { Action, Operation } from "./operation.ts";
import type { SessionPlan } from "./plan.ts";
import type { Entry } from "./trail/entry.ts";

/** Actions that the entry of a denial lists. */
const keptActions = 200;

/** A refused statement may name any number of tables, and its entry has to be written all the same. */
export function deniedActions(actions: readonly Action[]): {
  actions: readonly Action[];
  moreActions?: number;
} {
  if (actions.length <= keptActions) return { actions };
  return { actions: actions.slice(0, keptActions), moreActions: actions.length - keptActions };
}

/** What the trail keeps of an operation that may go to the resource. `hold`: it was approved in. */
export function operationEntry(
  session: string,
  { trailText: { text, whole }, statement: { actions }, ruling: { rules }, policyVersion }: SessionPlan,
  { batch }: Operation,
  hold: string | undefined,
): Entry {
  const entry: Entry = { kind: "operation", session, text, actions, rules, policy: policyVersion };
  if (whole === undefined && hold === undefined && batch === undefined) return entry;
  return {
    ...entry,
    ...(whole === undefined ? {} : { whole }),
    ...(hold === undefined ? {} : { hold }),
    ...(batch === undefined ? {} : { batch: batch.length + 1 }),
  };
}
