import type { Command } from "commander";
import { type CallerFlags, type JsonFlag, signedIn, withData, withJson, withToken } from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";

export function endGrant(terminal: Terminal): Command {
  return withJson(
    withToken(
      withData(
        command("end", {
          summary: "give back a grant of yours before its time",
          description:
            "Ends a grant that was opened for you. Sessions that rest on it end within a second. An operator ends\n" +
            "anybody's with `postern revoke`.",
          examples: ["postern grants end grant_01k3x9… --token-file alice.token"],
          exits: [1, 3, 4],
        }).argument("<grant>", "id of the grant, from `postern grants list`"),
      ),
    ),
  ).action(async (id: string, flags: CallerFlags & JsonFlag) => {
    await signedIn(terminal, flags).send("DELETE", `/v1/grants/${encodeURIComponent(id)}`);
    terminal.out(flags.json ? `${JSON.stringify({ grant: id, ended: true })}\n` : `ended ${id}\n`);
  });
}
