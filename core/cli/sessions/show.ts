import type { Command } from "commander";
import type { OperationView, SessionDetail } from "../../control/api.ts";
import { identityLabel } from "../../identity.ts";
import { control, type DataFlag, type JsonFlag, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import { list, table } from "../table.ts";
import { oneLine, type Terminal } from "../terminal.ts";
import { moment } from "../time.ts";

export function showSession(terminal: Terminal): Command {
  return withJson(
    withData(
      command("show", {
        summary: "one session and its operations",
        description: "Shows who, where, since when, and each operation with its verdict, rule and outcome.",
        examples: ["postern sessions show ses_01k3x9…"],
        exits: [1, 3],
      }).argument("<session>", "id of the session"),
    ),
  ).action(async (id: string, flags: DataFlag & JsonFlag) => {
    const path = `/v1/sessions/${encodeURIComponent(id)}`;
    const detail = await control(terminal, flags).get<SessionDetail>(path);
    terminal.out(flags.json ? `${JSON.stringify(detail)}\n` : detailText(detail));
  });
}

function detailText({ session, operations, unreadable }: SessionDetail): string {
  const facts = list([
    ["session", session.id],
    ["who", oneLine(identityLabel(session.identity))],
    ["groups", session.identity.groups.map(oneLine).join(", ") || "none"],
    ["resource", `${session.resource} (${session.protocol})`],
    ["from", session.remote],
    ["client", session.application === undefined ? undefined : oneLine(session.application)],
    ["opened", `${moment(session.openedAt)} UTC`],
    ["closed", session.closedAt === undefined ? undefined : `${moment(session.closedAt)} UTC`],
    ["reason", session.reason === undefined ? undefined : oneLine(session.reason.message)],
    ["policy", session.policyVersion],
    ["recording", session.recording],
  ]);
  const rows = operations.map((operation) => [
    moment(operation.time).slice(11),
    operation.verdict,
    operation.effects.join(", "),
    rulesText(operation),
    outcomeText(operation),
    oneLine(operation.text),
  ]);
  const done = table(["TIME", "VERDICT", "EFFECTS", "RULE", "OUTCOME", "OPERATION"], rows);
  const missing = unreadable
    ? "Operations are missing here: the trail changed. See: postern audit verify\n"
    : "";
  return `${facts}\n${missing}${done || "No operation yet.\n"}`;
}

function rulesText({ rules, verdict }: OperationView): string {
  return rules.join(", ") || (verdict === "held" ? "" : "no rule");
}

function outcomeText({ outcome, ms, reason, verdict, hold }: OperationView): string {
  if (verdict === "held") return hold ?? "";
  if (reason) return reason.code;
  if (!outcome) return "not answered";
  const parts = [
    outcome.result,
    outcome.code,
    outcome.rows === undefined ? undefined : `${outcome.rows} ${outcome.rows === 1 ? "row" : "rows"}`,
    ms === undefined ? undefined : `${ms} ms`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}
