import type { Command } from "commander";
import { type CallerFlags, type JsonFlag, reach, withData, withJson, withToken } from "../flags.ts";
import { command } from "../help.ts";
import { table } from "../table.ts";
import { oneLine, type Terminal } from "../terminal.ts";
import { whoIs } from "../who-is.ts";
import { stateOf, warned } from "./hold.ts";
import { approversText } from "./progress.ts";
import { requestLine, requestState } from "./request.ts";
import { waitings } from "./show.ts";

interface Flags extends CallerFlags, JsonFlag {
  readonly all?: true;
}

export function listApprovals(terminal: Terminal): Command {
  return withJson(
    withToken(
      withData(
        command("list", {
          summary: "operations and requests that wait for a person",
          description:
            "Lists what is held and who asks for access, the longest waiting first: all of it on the gateway's\n" +
            "own machine, from elsewhere what you may answer. (!): `show` has something that should not be overlooked.",
          examples: ["postern approvals list", "postern approvals list --all --json"],
          exits: [1, 3],
        }).option("--all", "also those that were approved, denied, cancelled, abandoned or expired"),
      ),
    ),
  ).action(async (flags: Flags) => {
    const waiting = await waitings(reach(terminal, flags), flags.all === true);
    if (flags.json) return terminal.out(`${JSON.stringify(waiting)}\n`);
    if (waiting.length === 0) return terminal.err("Nothing waits.\n");
    const rows = waiting.map((one) => [
      one.id,
      "text" in one ? stateOf(one) : requestState(one),
      whoIs(one.identity),
      one.resource,
      approversText(one),
      "text" in one ? warned(one) + oneLine(one.text) : requestLine(one),
    ]);
    terminal.out(table(["WAITS", "STATE", "ASKED BY", "RESOURCE", "MAY APPROVE", "OPERATION"], rows));
  });
}
