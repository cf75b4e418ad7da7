import type { Command } from "commander";
import { type CallerFlags, type JsonFlag, reach, withData, withJson, withToken } from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";

export function revokeCredential(terminal: Terminal): Command {
  return withJson(
    withToken(
      withData(
        command("revoke", {
          summary: "take back a credential, and end what it opened",
          description:
            "From now on no gateway accepts it, and sessions that were opened with it end within a second. With\n" +
            "your token: one of yours. Without one, on the gateway's own machine: anybody's.",
          examples: ["postern credentials revoke pc_01k3x9…"],
          exits: [1, 3, 4],
        }).argument("<credential>", "its id, which is also its user name"),
      ),
    ),
  ).action(async (id: string, flags: CallerFlags & JsonFlag) => {
    await reach(terminal, flags).send("DELETE", `/v1/credentials/${encodeURIComponent(id)}`);
    terminal.out(
      flags.json ? `${JSON.stringify({ credential: id, revoked: true })}\n` : `${id} is revoked.\n`,
    );
  });
}
