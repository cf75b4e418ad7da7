import type { Command } from "commander";
import type { HoldView, RequestView } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import type { ControlClient } from "../client.ts";
import { type CallerFlags, type JsonFlag, reach, withData, withJson, withToken } from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";
import { holdText } from "./hold.ts";
import { requestText } from "./request.ts";

export function showApproval(terminal: Terminal): Command {
  return withJson(
    withToken(
      withData(
        command("show", {
          summary: "one held operation or request, whole",
          description:
            "Shows everything that an approval binds to: the text as it was sent, its parameters, who asks, and\n" +
            "where it would run; below it what the resource told of it when it was held: locks and who holds them, an\n" +
            "estimate of the rows, triggers. Of a request for access: which rules it would open, for how long and why.\n" +
            "Characters that could deceive a reader's screen stand there as escapes.",
          examples: ["postern approvals show hold_01k3x9…"],
          exits: [1, 3],
        }).argument("<id>", "id of the hold or request, from `postern approvals list`"),
      ),
    ),
  ).action(async (id: string, flags: CallerFlags & JsonFlag) => {
    const waiting = await waitingById(reach(terminal, flags), id);
    terminal.out(flags.json ? `${JSON.stringify(waiting)}\n` : waitingText(waiting));
  });
}

/** What waits, or waited, for a person. */
export type Waiting = HoldView | RequestView;

export function waitingText(waiting: Waiting): string {
  return "text" in waiting ? holdText(waiting) : requestText(waiting);
}

/** Throws PosternError `hold.unknown`. */
export async function waitingById(client: ControlClient, id: string): Promise<Waiting> {
  const found = (await waitings(client, true)).find((one) => one.id === id);
  if (found) return found;
  throw new PosternError("hold.unknown", `Nothing waits under ${id}, and nothing did.`, {
    hint: "`postern approvals list --all` shows all there are.",
  });
}

/** Operations first, then requests. */
export async function waitings(client: ControlClient, all: boolean): Promise<readonly Waiting[]> {
  type Both = { approvals: HoldView[]; requests?: RequestView[] };
  const { approvals, requests = [] } = await client.get<Both>("/v1/approvals", all ? { all: 1 } : {});
  return [...approvals, ...requests];
}
