import type { HoldView } from "../../control/api.ts";
import type { HeldStatement } from "../../supervision.ts";
import { list } from "../table.ts";
import { oneLine, printable } from "../terminal.ts";
import { moment, span } from "../time.ts";
import { issuersOf, whoIs } from "../who-is.ts";

/** What became of a hold, or how long it can still be answered. */
export function stateOf(hold: HoldView, now = Date.now()): string {
  if (hold.how === undefined) return `waits, ${span(hold.expires - now)} left`;
  const by = hold.endedBy ? ` by ${whoIs(hold.endedBy)}` : "";
  return `${hold.how}${by}`;
}

/** All that an approval binds to, as it was sent. */
export function holdText(hold: HoldView): string {
  const actions = hold.actions.map(({ effect, on }) => `${effect} ${oneLine(on)}`).join(", ");
  const facts = list([
    ["hold", hold.id],
    ["state", stateOf(hold)],
    ["asked by", whoIs(hold.identity)],
    ["vouched for by", issuersOf(hold.identity)],
    ["resource", hold.resource],
    ["actions", actions],
    ["in transaction", hold.inTransaction ? "yes: it holds locks while it waits" : undefined],
    ["batch", hold.batch === undefined ? undefined : `${hold.batch} operations, answered as one`],
    ["may approve", hold.by],
    ["message", hold.message === undefined ? undefined : oneLine(hold.message)],
    ["asked at", `${moment(hold.openedAt)} UTC`],
    ["session", hold.session],
    ["because", hold.because === undefined ? undefined : oneLine(hold.because)],
    ["digest", hold.digest],
  ]);
  const rest = (hold.rest ?? []).map((each, at) => `  -- ${at + 2} of ${hold.batch}\n${statementText(each)}`);
  return `${facts}\n${statementText(hold)}${rest.join("")}`;
}

function statementText({ text, parameters = [] }: HeldStatement): string {
  const values = parameters.map(
    (value, at) => `  $${at + 1} = ${value === null ? "NULL" : JSON.stringify(printable(value))}\n`,
  );
  return `${printable(text).replace(/^/gm, "  ")}\n${values.join("")}`;
}
