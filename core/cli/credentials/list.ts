import type { Command } from "commander";
import type { CredentialView } from "../../control/api.ts";
import { identityLabel } from "../../identity.ts";
import { type CallerFlags, type JsonFlag, reach, withData, withJson, withToken } from "../flags.ts";
import { command } from "../help.ts";
import { table } from "../table.ts";
import { oneLine, type Terminal } from "../terminal.ts";
import { moment } from "../time.ts";

interface Flags extends CallerFlags, JsonFlag {
  readonly all?: true;
}

export function listCredentials(terminal: Terminal): Command {
  return withJson(
    withToken(
      withData(
        command("list", {
          summary: "short-lived credentials that are good now",
          description:
            "With your token: those issued to you, and to whoever acts for you. Without one, on the gateway's\n" +
            "own machine: everybody's. No password is shown; the gateway has none.",
          examples: [
            "postern credentials list",
            "postern credentials list --all --json --token-file alice.token",
          ],
          exits: [1, 3, 4],
        }).option("--all", "also those that were used up, were revoked or ran out in the last week"),
      ),
    ),
  ).action(async (flags: Flags) => {
    const client = reach(terminal, flags);
    const query = flags.all ? { all: 1 } : {};
    const { credentials } = await client.get<{ credentials: CredentialView[] }>("/v1/credentials", query);
    if (flags.json) return terminal.out(`${JSON.stringify(credentials)}\n`);
    if (credentials.length === 0) return terminal.err("No credential is good now.\n");
    const rows = credentials.map((one) => [
      one.id,
      oneLine(identityLabel(one.identity)),
      one.resource ?? "any",
      moment(one.issuedAt),
      moment(one.expires),
      one.usedAt === undefined ? "never" : moment(one.usedAt),
      one.once ? "once" : "many",
      one.from ?? "anywhere",
      one.grant ?? "",
      one.state,
    ]);
    const headings = ["CREDENTIAL", "WHO", "RESOURCE", "ISSUED (UTC)", "EXPIRES", "LAST USED", "GOOD FOR"];
    terminal.out(table([...headings, "FROM", "GRANT", "STATE"], rows));
  });
}
