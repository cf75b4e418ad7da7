import type { Command } from "commander";
import type { GrantView } from "../../control/api.ts";
import { identityLabel } from "../../identity.ts";
import { type CallerFlags, type JsonFlag, reach, withData, withJson, withToken } from "../flags.ts";
import { command } from "../help.ts";
import { table } from "../table.ts";
import { oneLine, type Terminal } from "../terminal.ts";
import { moment, span } from "../time.ts";

interface Flags extends CallerFlags, JsonFlag {
  readonly all?: true;
}

export function listGrants(terminal: Terminal): Command {
  return withJson(
    withToken(
      withData(
        command("list", {
          summary: "access that is open for a time",
          description:
            "Lists the grants that are open now: all of them on the gateway's own machine, from elsewhere yours.",
          examples: ["postern grants list", "postern grants list --all --json"],
          exits: [1, 3],
        }).option("--all", "also those that have ended, newest first"),
      ),
    ),
  ).action(async (flags: Flags) => {
    const query = flags.all ? { all: 1 } : {};
    const { grants } = await reach(terminal, flags).get<{ grants: GrantView[] }>("/v1/grants", query);
    if (flags.json) return terminal.out(`${JSON.stringify(grants)}\n`);
    if (grants.length === 0) return terminal.err("No grant is open.\n");
    const rows = grants.map((grant) => [
      grant.id,
      stateOf(grant),
      oneLine(identityLabel(grant.identity)),
      grant.resource,
      grant.rules.map(oneLine).join(", "),
      grant.breakGlass
        ? "nobody: the glass was broken"
        : grant.by.map((by) => oneLine(identityLabel(by))).join(", "),
      oneLine(grant.because ?? ""),
    ]);
    terminal.out(table(["GRANT", "STATE", "FOR", "RESOURCE", "RULES", "APPROVED BY", "BECAUSE"], rows));
  });
}

function stateOf({ endedAt, until }: GrantView, now = Date.now()): string {
  if (endedAt !== undefined) return `ended ${moment(endedAt)}`;
  return until <= now ? "ended" : `open, ${span(until - now)} left`;
}
