import type { Command } from "commander";
import { control, type DataFlag, type JsonFlag, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";

export function reindexAudit(terminal: Terminal): Command {
  return withJson(
    withData(
      command("reindex", {
        summary: "build the search index anew from the trail",
        description:
          "Throws the index away and builds it from the trail's segments, while the gateway serves. Nothing is\n" +
          "lost: the trail is what counts, the index only finds.",
        examples: ["postern audit reindex"],
        exits: [1, 3],
      }),
    ),
  ).action(async (flags: DataFlag & JsonFlag) => {
    const done = await control(terminal, flags).send<{ entries: number }>("POST", "/v1/audit/reindex");
    terminal.out(flags.json ? `${JSON.stringify(done)}\n` : `${done.entries} entries are indexed.\n`);
  });
}
