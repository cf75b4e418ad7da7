import type { Command } from "commander";
import type { HoldView } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import type { ControlClient } from "../client.ts";
import { type CallerFlags, type JsonFlag, reach, withData, withJson, withToken } from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";
import { holdText } from "./hold.ts";

export function showApproval(terminal: Terminal): Command {
  return withJson(
    withToken(
      withData(
        command("show", {
          summary: "one held operation, whole",
          description:
            "Shows everything that an approval binds to: the text as it was sent, its parameters, who asks, and\n" +
            "where it would run. Characters that could deceive a reader's screen stand there as escapes.",
          examples: ["postern approvals show hold_01k3x9…"],
          exits: [1, 3],
        }).argument("<hold>", "id of the hold, from `postern approvals list`"),
      ),
    ),
  ).action(async (id: string, flags: CallerFlags & JsonFlag) => {
    const hold = await holdById(reach(terminal, flags), id);
    terminal.out(flags.json ? `${JSON.stringify(hold)}\n` : holdText(hold));
  });
}

/** Throws PosternError `hold.unknown`. */
export async function holdById(client: ControlClient, id: string): Promise<HoldView> {
  const { approvals } = await client.get<{ approvals: HoldView[] }>("/v1/approvals", { all: 1 });
  const found = approvals.find((hold) => hold.id === id);
  if (found) return found;
  throw new PosternError("hold.unknown", `There is no hold ${id}.`, {
    hint: "`postern approvals list --all` shows all there are.",
  });
}
