import type { Command } from "commander";
import type { SessionView } from "../../control/api.ts";
import { identityLabel } from "../../identity.ts";
import { control, type DataFlag, type JsonFlag, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import { table } from "../table.ts";
import { oneLine, type Terminal } from "../terminal.ts";
import { moment, span } from "../time.ts";

interface Flags extends DataFlag, JsonFlag {
  readonly all?: true;
}

export function listSessions(terminal: Terminal): Command {
  return withJson(
    withData(
      command("list", {
        summary: "who is connected to what",
        description: "Lists the sessions that are open, newest first.",
        examples: ["postern sessions list", "postern sessions list --all --json"],
        exits: [1, 3],
      }).option("--all", "also those that ended"),
    ),
  ).action(async (flags: Flags) => {
    const query = flags.all ? { all: 1 } : {};
    const { sessions } = await control(terminal, flags).get<{ sessions: SessionView[] }>(
      "/v1/sessions",
      query,
    );
    if (flags.json) return terminal.out(`${JSON.stringify(sessions)}\n`);
    if (sessions.length === 0) return terminal.err("No session is open.\n");
    const rows = sessions.map((session) => [
      session.id,
      oneLine(identityLabel(session.identity)),
      session.resource,
      session.protocol,
      moment(session.openedAt),
      span((session.closedAt ?? Date.now()) - session.openedAt),
      session.closedAt === undefined ? "open" : (session.reason?.code ?? "closed"),
      session.remote,
      oneLine(session.application ?? ""),
    ]);
    terminal.out(
      table(
        ["SESSION", "WHO", "RESOURCE", "PROTOCOL", "OPENED (UTC)", "FOR", "STATE", "FROM", "CLIENT"],
        rows,
      ),
    );
  });
}
