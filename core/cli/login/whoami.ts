import type { Command } from "commander";
import type { ResourceAccess, Whoami } from "../../control/api.ts";
import { type CallerFlags, type JsonFlag, signedIn, withData, withJson, withToken } from "../flags.ts";
import { command } from "../help.ts";
import { list, table } from "../table.ts";
import { oneLine, type Terminal } from "../terminal.ts";
import { moment } from "../time.ts";

export function whoami(terminal: Terminal): Command {
  return withJson(
    withToken(
      withData(
        command("whoami", {
          summary: "who you are to the gateway, and what you may use",
          description:
            "Shows the identity that your token proves, when it ends, and the resources that some rule lets you\n" +
            "use, or lets you ask for.",
          examples: ["postern whoami", "postern whoami --json --token-file ci.token"],
          exits: [1, 3, 4],
        }),
      ),
    ),
  ).action(async (flags: CallerFlags & JsonFlag) => {
    const answer = await signedIn(terminal, flags).get<Whoami>("/v1/whoami");
    if (flags.json) return terminal.out(`${JSON.stringify(answer)}\n`);
    const { identity, label, resources } = answer;
    terminal.out(
      list([
        ["identity", oneLine(label)],
        ["kind", identity.kind],
        ["issuer", oneLine(identity.issuer)],
        ["subject", oneLine(identity.subject)],
        ["groups", identity.groups.length === 0 ? undefined : oneLine(identity.groups.join(", "))],
        ["until", identity.expires === undefined ? undefined : `${moment(identity.expires)} UTC`],
      ]),
    );
    if (resources.length === 0) return terminal.err("No rule lets you use a resource.\n");
    terminal.out(`\n${table(["RESOURCE", "PROTOCOL", "YOU MAY"], resources.map(row))}`);
  });
}

function row({ name, protocol, rights, closed = [], hint }: ResourceAccess): string[] {
  const now = rights.length === 0 ? (hint ?? "nothing now") : rights.map(right).join("; ");
  const later =
    rights.length === 0 || closed.length === 0 ? "" : `; not now: ${closed.map(right).join("; ")}`;
  return [name, protocol, oneLine(now + later)];
}

function right({ rule, may }: ResourceAccess["rights"][number]): string {
  return `${may.join(", ")} (${rule})`;
}
