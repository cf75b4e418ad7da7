import type { Command } from "commander";
import type { HoldEvent, RequestEvent, RequestView } from "../../control/api.ts";
import { control, type DataFlag, type JsonFlag, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import { oneLine, paint, type Terminal } from "../terminal.ts";
import { span } from "../time.ts";
import { whoIs } from "../who-is.ts";
import { approversText } from "./progress.ts";
import { requestLine } from "./request.ts";

export function watchApprovals(terminal: Terminal): Command {
  return withJson(
    withData(
      command("watch", {
        summary: "see operations and requests come to wait, and how they end",
        description: "Prints a line for each hold and request that opens or ends, until Ctrl-C.",
        examples: [
          "postern approvals watch",
          "postern approvals watch --json | jq -r 'select(.event==\"opened\").hold.id'",
        ],
        exits: [1, 3],
      }),
    ),
    "one JSON object a line",
  ).action(async (flags: DataFlag & JsonFlag) => {
    for await (const event of control(terminal, flags).lines<HoldEvent | RequestEvent>(
      "/v1/approvals/watch",
    )) {
      terminal.out(flags.json ? `${JSON.stringify(event)}\n` : eventLine(terminal, event));
    }
  });
}

function eventLine(terminal: Terminal, event: HoldEvent | RequestEvent): string {
  if (event.event === "requested") return requested(terminal, event.request);
  if (event.event === "ended" || event.event === "answered") return `${event.id}  ${event.how}\n`;
  if (event.event === "approved") return `${event.id}  1 of 2 approved by ${whoIs(event.by)}\n`;
  const { id, identity, resource, expires, text } = event.hold;
  const who = whoIs(identity);
  const waits = `${who} on ${resource}, for ${approversText(event.hold)} within ${span(expires - Date.now())}`;
  return `${paint(terminal, "yellow", id)}  waits: ${waits}: ${oneLine(text)}\n`;
}

function requested(terminal: Terminal, request: RequestView): string {
  const { id, identity, resource, expires } = request;
  const who = whoIs(identity);
  const waits = `${who} asks for ${resource}, from ${approversText(request)} within ${span(expires - Date.now())}`;
  return `${paint(terminal, "yellow", id)}  ${waits}: ${requestLine(request)}\n`;
}
