import type { Command } from "commander";
import type { HoldView } from "../../control/api.ts";
import { identityLabel } from "../../identity.ts";
import { type CallerFlags, type JsonFlag, reach, withData, withJson, withToken } from "../flags.ts";
import { command } from "../help.ts";
import { table } from "../table.ts";
import { oneLine, type Terminal } from "../terminal.ts";
import { stateOf } from "./hold.ts";

interface Flags extends CallerFlags, JsonFlag {
  readonly all?: true;
}

export function listApprovals(terminal: Terminal): Command {
  return withJson(
    withToken(
      withData(
        command("list", {
          summary: "operations that wait for a person",
          description:
            "Lists what is held, the longest waiting first: all of it on the gateway's own machine, from elsewhere\n" +
            "what you may answer.",
          examples: ["postern approvals list", "postern approvals list --all --json"],
          exits: [1, 3],
        }).option("--all", "also those that were approved, denied, cancelled, abandoned or expired"),
      ),
    ),
  ).action(async (flags: Flags) => {
    const query = flags.all ? { all: 1 } : {};
    const { approvals } = await reach(terminal, flags).get<{ approvals: HoldView[] }>("/v1/approvals", query);
    if (flags.json) return terminal.out(`${JSON.stringify(approvals)}\n`);
    if (approvals.length === 0) return terminal.err("Nothing waits.\n");
    const rows = approvals.map((hold) => [
      hold.id,
      stateOf(hold),
      oneLine(identityLabel(hold.identity)),
      hold.resource,
      hold.by,
      oneLine(hold.text),
    ]);
    terminal.out(table(["HOLD", "STATE", "ASKED BY", "RESOURCE", "MAY APPROVE", "OPERATION"], rows));
  });
}
