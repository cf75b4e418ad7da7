import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { PosternError } from "../../error.ts";
import { assumedGrant, type Explanation, explain, type Moment } from "../../explain.ts";
import type { Identity } from "../../identity.ts";
import { loadPolicy } from "../../loader.ts";
import { collect, type JsonFlag, withJson } from "../flags.ts";
import { command } from "../help.ts";
import { oneLine, paint, type Terminal } from "../terminal.ts";
import { past } from "../time.ts";

interface Flags extends JsonFlag {
  readonly subject: string;
  readonly group?: string[];
  readonly machine?: true;
  readonly issuer: string;
  readonly on: string;
  readonly grant?: string[];
  readonly at?: string;
}

export function explainPolicy(terminal: Terminal): Command {
  return withJson(
    command("explain", {
      summary: "what a policy makes of an operation, and why",
      description:
        "Decides an operation as a session would, offline, and shows for each of its actions the rule that\n" +
        "decided it. Nothing is sent anywhere.",
      examples: [
        "postern policy explain shop.policy.ts --subject alice --group support --on shop 'drop table customers'",
        "postern policy explain shop.policy.ts --subject deploy-bot --machine --on shop - < migration.sql",
        "postern policy explain shop.policy.ts --subject alice --on bastion '(sftp write /srv/x)'",
        "postern policy explain shop.policy.ts --subject alice --on shop --grant 'fix orders' 'delete from orders'",
      ],
      exits: { 1: "it would be denied, or the policy does not load" },
    })
      .argument("<policy>", "policy file")
      .argument("<operation>", "its text, or as its plugin's README says; - reads standard input")
      .requiredOption("--subject <name>", "whose operation it is")
      .option("--group <name>", "a group of theirs; may be repeated", collect)
      .option("--machine", "a machine, not a person")
      .option("--issuer <url>", "who vouches for them", "explained")
      .requiredOption("--on <resource>", "where it would run")
      .option("--grant <rule>", "as while a grant is open that opens this rule; may be repeated", collect)
      .option("--at <time>", "as at this time: 2026-11-23T10:00:00Z (default: now)"),
  ).action(async (path: string, operation: string, flags: Flags) => {
    const text = operation === "-" ? readFileSync(0, "utf8") : operation;
    const identity: Identity = {
      issuer: flags.issuer,
      subject: flags.subject,
      kind: flags.machine ? "machine" : "person",
      groups: flags.group ?? [],
    };
    const policy = await loadPolicy(path);
    const moment: Moment = {
      ...(flags.grant ? { grants: [assumedGrant(policy, identity, flags.on, flags.grant)] } : {}),
      ...(flags.at === undefined ? {} : { at: past(flags.at) }),
    };
    const explained = await explain(policy, identity, flags.on, text, moment);
    terminal.out(flags.json ? `${JSON.stringify(explained)}\n` : explanationText(terminal, explained));
    if (!explained.allowed) throw new Refused(explained);
  });
}

/** Said on standard error as any refusal, with its exit code. */
class Refused extends PosternError {
  constructor({ reason }: Explanation) {
    super(reason?.code ?? "policy.denied", reason?.message ?? "It would be denied.", {
      ...(reason?.hint === undefined ? {} : { hint: reason.hint }),
      ...(reason?.rule === undefined ? {} : { rule: reason.rule }),
    });
  }
}

const verdicts = {
  allow: ["green", "allowed"],
  hold: ["yellow", "held until a person approves"],
  deny: ["red", "denied"],
} as const;

function explanationText(terminal: Terminal, explained: Explanation): string {
  const [colour, verdict] = verdicts[explained.verdict];
  const steps = explained.steps.map(({ action, why }) => {
    const traits = action.traits?.length ? ` [${action.traits.join(", ")}]` : "";
    return `  ${action.effect} ${oneLine(action.on)}${traits}: ${why}\n`;
  });
  const closed = explained.closed
    ? `  not now: ${explained.closed.map((name) => `rule ${oneLine(name)}`).join(", ")}\n`
    : "";
  const unclear = explained.unclear === undefined ? "" : `  cannot be told: ${oneLine(explained.unclear)}\n`;
  const beyond = explained.beyond === undefined ? "" : `  from the text alone: ${explained.beyond}\n`;
  const guardrails = explained.guardrails.length > 0 ? `  under ${explained.guardrails.join(", ")}\n` : "";
  const head = `${paint(terminal, colour, verdict)}  ${explained.identity} on ${explained.resource}: `;
  return `${head}${oneLine(explained.text)}\n${steps.join("")}${unclear}${closed}${guardrails}${beyond}`;
}
