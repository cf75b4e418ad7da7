import type { Command } from "commander";
import type { ReplayLine } from "../../control/api.ts";
import { control, type DataFlag, type JsonFlag, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";
import { Player } from "./player.ts";

interface Flags extends DataFlag, JsonFlag {
  readonly channel?: string;
}

export function watchSession(terminal: Terminal): Command {
  return withJson(
    withData(
      command("watch", {
        summary: "look on while a session goes on",
        description:
          "Prints what has passed so far and then what passes, as the caller sees it, until the session ends or\n" +
          "Ctrl-C. The session waits for nobody who watches. That you watched is written to the trail. Needs\n" +
          "record() in the policy.",
        examples: ["postern sessions watch ses_01k3x9…", "postern sessions watch ses_01k3x9… --json"],
        exits: [1, 3],
      })
        .argument("<session>", "id of the session")
        .option("--channel <number>", "this terminal alone, where the session has several"),
    ),
    "one JSON object a line",
  ).action(async (id: string, flags: Flags) => {
    const player = new Player(terminal, flags.channel === undefined ? undefined : Number(flags.channel));
    const lines = control(terminal, flags).lines<ReplayLine>(`/v1/sessions/${encodeURIComponent(id)}/watch`);
    for await (const line of lines) {
      terminal.out(flags.json ? `${JSON.stringify(line)}\n` : player.show(line));
    }
    if (!flags.json) terminal.out(player.end());
  });
}
