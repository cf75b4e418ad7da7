import type { Action, Operation } from "./operation.ts";
import type { SessionPlan } from "./plan.ts";
import type { Session } from "./session.ts";
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

/** A longer text is not worth its room beside every session's plan of it. */
const keptText = 2048;

/**
 * Writes that an operation may go to the resource; the entry's number. `hold`: it was approved in. `now`: see
 * Trail.append, which says what it throws.
 */
export function appendOperation(
  { id, trail }: Session,
  plan: SessionPlan,
  operation: Operation,
  hold: string | undefined,
  now: number,
): number {
  const plain = hold === undefined && operation.batch === undefined;
  if (plain && plan.entry) return trail.append(plan.entry, true, now);
  const entry = operationEntry(id, plan, operation, hold);
  // Most texts that run twice run often; one that never does again leaves nothing behind.
  if (plain && plan.ran && plan.trailText.text.length <= keptText) plan.entry = entry;
  plan.ran = true;
  return trail.append(entry, false, now);
}

function operationEntry(
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
