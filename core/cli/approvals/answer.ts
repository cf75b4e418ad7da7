import type { Command } from "commander";
import type { ApprovalRequest, Whoami } from "../../control/api.ts";
import { type CallerFlags, type JsonFlag, signedIn, withData, withJson, withToken } from "../flags.ts";
import { command, type Lesson } from "../help.ts";
import type { Terminal } from "../terminal.ts";
import { withApproval } from "./progress.ts";
import { waitingById, waitingText } from "./show.ts";

interface Flags extends CallerFlags, JsonFlag {
  readonly because?: string;
  readonly digest?: string;
}

export function approve(terminal: Terminal): Command {
  return answer(terminal, "approve", {
    summary: "let a held operation run, or open a grant that is asked for",
    description:
      "Approves exactly what is held, once: what it prints is what runs. Of a request for access it opens the\n" +
      "grant. Where two persons must approve, it is the first or the second approval. The gateway checks that\n" +
      "you may, and that you are not the one who asked. With --digest from `show` or `list --json` it counts only if\n" +
      "the hold is still the one that you read then.",
    examples: [
      'postern approvals approve hold_01k3x9… --because "CHG-4711" --token-file lea.token',
      "postern approvals approve hold_01k3x9… --digest 9f2c…",
    ],
    exits: [1, 3, 4],
  });
}

export function deny(terminal: Terminal): Command {
  return answer(terminal, "deny", {
    summary: "refuse a held operation, or a request for access",
    description:
      "The caller of an operation is told at once, with your reason, and nothing of it reaches the resource.\n" +
      "Whoever asks for access learns that it was denied; your reason is in the trail.",
    examples: ['postern approvals deny hold_01k3x9… --because "not on a Friday" --token-file lea.token'],
    exits: [1, 3, 4],
  });
}

function answer(terminal: Terminal, verb: "approve" | "deny", lesson: Lesson): Command {
  return withJson(
    withToken(
      withData(
        command(verb, lesson)
          .argument("<id>", "id of the hold or request, from `postern approvals list`")
          .option("--because <text>", "your reason, for the caller and the trail")
          .option("--digest <sha256>", "count only for the operation with this digest"),
      ),
    ),
  ).action(async (id: string, flags: Flags) => {
    const client = signedIn(terminal, flags);
    const waiting = await waitingById(client, id);
    const body: ApprovalRequest = {
      approve: verb === "approve",
      digest: flags.digest ?? waiting.digest,
      ...(flags.because === undefined ? {} : { because: flags.because }),
    };
    await client.send("POST", `/v1/approvals/${encodeURIComponent(id)}`, body);
    const done = verb === "approve" ? ("approved" as const) : ("denied" as const);
    const what = "text" in waiting ? "hold" : "request";
    if (flags.json)
      return terminal.out(`${JSON.stringify({ [what]: id, [done]: true, digest: body.digest })}\n`);
    if (done === "denied") return terminal.out(`${done}\n${waitingText({ ...waiting, how: done })}`);
    const { identity } = await client.get<Whoami>("/v1/whoami");
    terminal.out(`${done}\n${waitingText(withApproval(waiting, identity))}`);
  });
}
