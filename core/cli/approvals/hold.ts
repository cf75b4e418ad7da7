import type { HoldView } from "../../control/api.ts";
import type { Finding } from "../../finding.ts";
import type { HeldStatement } from "../../supervision.ts";
import { list } from "../table.ts";
import { oneLine, printable } from "../terminal.ts";
import { moment, span } from "../time.ts";
import { issuersOf, whoIs } from "../who-is.ts";
import { approvedBy, approversText, progress } from "./progress.ts";

/** What became of a hold, or how long it can still be answered. */
export function stateOf(hold: HoldView, now = Date.now()): string {
  const { how, endedBy, expires } = hold;
  if (how === undefined) return `waits, ${progress(hold)}${span(expires - now)} left`;
  const approved = approvedBy(hold);
  if (how === "approved" && approved !== "") return `approved by ${approved}`;
  const by = endedBy ? ` by ${whoIs(endedBy)}` : "";
  return `${how}${by}${approved === "" ? "" : `, after ${approved} had approved`}`;
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
    ["may approve", approversText(hold)],
    ["message", hold.message === undefined ? undefined : oneLine(hold.message)],
    ["asked at", `${moment(hold.openedAt)} UTC`],
    ["session", hold.session],
    ["because", hold.because === undefined ? undefined : oneLine(hold.because)],
    ["digest", hold.digest],
  ]);
  const rest = (hold.rest ?? []).map((each, at) => `  -- ${at + 2} of ${hold.batch}\n${statementText(each)}`);
  const found = findingsText(hold.findings ?? []);
  return `${facts}\n${statementText(hold)}${rest.join("")}${found === "" ? "" : `\n${found}`}`;
}

/** What was found out about it on the resource, as it was when it was held. */
function findingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return "";
  return list(
    findings.map(({ label, value, severity, statement }) => {
      const what = statement === undefined ? label : `${label}, ${statement}`;
      return [oneLine(what), `${severity === "warning" ? "(!) " : ""}${oneLine(value)}`];
    }),
  );
}

/** For a line of a list: whether there is something that should not be overlooked. */
export function warned({ findings = [] }: HoldView): string {
  return findings.some(({ severity }) => severity === "warning") ? "(!) " : "";
}

function statementText({ text, parameters = [], types = [] }: HeldStatement): string {
  const values = parameters.map((value, at) => {
    const type = types[at] ? ` ${oneLine(types[at])}` : "";
    return `  $${at + 1}${type} = ${value === null ? "NULL" : JSON.stringify(printable(value))}\n`;
  });
  return `${printable(text).replace(/^/gm, "  ")}\n${values.join("")}`;
}
