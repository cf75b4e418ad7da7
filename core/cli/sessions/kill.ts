import type { Command } from "commander";
import { control, type DataFlag, type JsonFlag, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";

interface Flags extends DataFlag, JsonFlag {
  readonly because?: string;
}

export function killSession(terminal: Terminal): Command {
  return withJson(
    withData(
      command("kill", {
        summary: "end a session now",
        description:
          "Ends the session within a second. Its caller reads the reason in its own protocol; what it had not\n" +
          "committed is rolled back by the resource.",
        examples: ['postern sessions kill ses_01k3x9… --because "incident 17"'],
        exits: [1, 3],
      })
        .argument("<session>", "id of the session, from `postern sessions list`")
        .option("--because <text>", "the reason, for the caller and the trail"),
    ),
  ).action(async (id: string, flags: Flags) => {
    const path = `/v1/sessions/${encodeURIComponent(id)}`;
    const body = flags.because === undefined ? {} : { because: flags.because };
    await control(terminal, flags).send("DELETE", path, body);
    terminal.out(flags.json ? `${JSON.stringify({ session: id, ended: true })}\n` : `${id} has ended.\n`);
  });
}
