import type { Command } from "commander";
import type { RequestAnswered, RequestBody } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import { approversText } from "../approvals/progress.ts";
import { requestState, requestText } from "../approvals/request.ts";
import type { ControlClient } from "../client.ts";
import {
  type CallerFlags,
  collect,
  type JsonFlag,
  signedIn,
  withData,
  withJson,
  withToken,
} from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";
import { life, moment } from "../time.ts";

interface Flags extends CallerFlags, JsonFlag {
  readonly for: string;
  readonly because?: string;
  readonly ticket?: string;
  readonly rule?: string[];
  readonly breakGlass?: true;
  readonly wait?: true;
}

/** How often a request that waits is looked at. */
const everyMs = 500;

export function request(terminal: Terminal): Command {
  return withJson(
    withToken(
      withData(
        command("request", {
          summary: "ask for access that a rule gives for a time only",
          description:
            "Asks the people whom the policy names to open a grant for you: for exactly who your token says you\n" +
            "are, on one resource, for the time that you name from their approval on. A denial says which rule,\n" +
            "how long at most, and what else it wants. With --break-glass, where the rule allows it, the grant\n" +
            "opens at once, and everybody is told.",
          examples: [
            'postern request orders --for 1h --because "CHG-4711: wrong totals" --token-file alice.token',
            "postern request orders --for 30m --because incident --ticket OPS-12 --wait && postern connect orders",
          ],
          exits: {
            1: "refused, denied or not answered in time",
            3: "no gateway answers",
            4: "not signed in",
          },
        })
          .argument("<resource>", "what you need access to")
          .option("--for <duration>", "for how long, from the approval on", "1h")
          .option("--because <text>", "why, for the approvers and the trail")
          .option("--ticket <id>", "the ticket that it is for")
          .option(
            "--rule <name>",
            "open this rule alone; may be repeated (default: all that a grant opens)",
            collect,
          )
          .option("--break-glass", "an emergency: open it at once, and tell everybody")
          .option("--wait", "until it is approved or denied"),
      ),
    ),
  ).action(async (resource: string, flags: Flags) => {
    life(flags.for);
    const client = signedIn(terminal, flags);
    const { because, ticket, rule: rules, breakGlass } = flags;
    const body: RequestBody = {
      resource,
      for: flags.for,
      ...(because === undefined ? {} : { because }),
      ...(ticket === undefined ? {} : { ticket }),
      ...(rules === undefined ? {} : { rules }),
      ...(breakGlass === undefined ? {} : { breakGlass }),
    };
    const asked = await client.send<RequestAnswered>("POST", "/v1/requests", body);
    if (asked.grant || !flags.wait) return tell(terminal, flags, asked);
    terminal.err(
      `${asked.request.id} waits for ${approversText(asked.request)}. Ctrl-C stops waiting, not the request.\n`,
    );
    const answered = await untilAnswered(client, terminal, asked);
    tell(terminal, flags, answered);
    if (!answered.grant) throw new NotGranted(answered);
  });
}

async function untilAnswered(
  client: ControlClient,
  terminal: Terminal,
  { request: { id } }: RequestAnswered,
): Promise<RequestAnswered> {
  for (let approved = 0; ; await Bun.sleep(everyMs)) {
    terminal.signal.throwIfAborted();
    const now = await client.get<RequestAnswered>(`/v1/requests/${encodeURIComponent(id)}`);
    const { request } = now;
    if (request.how !== undefined || request.expires <= Date.now()) return now;
    if (request.approved.length > approved) terminal.err(`${requestState(request)}\n`);
    approved = request.approved.length;
  }
}

function tell(terminal: Terminal, { json }: JsonFlag, answered: RequestAnswered): void {
  const { request, grant } = answered;
  if (json) return terminal.out(`${JSON.stringify(answered)}\n`);
  if (grant) return terminal.out(`${grant.id} is open until ${moment(grant.until)} UTC.\n`);
  terminal.out(requestText(request));
  if (request.how === undefined) terminal.err(`To approve it: postern approvals approve ${request.id}\n`);
}

class NotGranted extends PosternError {
  constructor({ request }: RequestAnswered) {
    const how = request.how === "denied" ? "was denied" : "was not answered in time";
    super("grant.not-granted", `Request ${request.id} ${how}.`);
  }
}
