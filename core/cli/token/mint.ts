import type { Command } from "commander";
import type { TokenAnswer, TokenRequest } from "../../control/api.ts";
import { collect, control, type DataFlag, type JsonFlag, tokenIn, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";
import { life, moment } from "../time.ts";

interface Flags extends DataFlag, JsonFlag {
  readonly subject: string;
  readonly group?: string[];
  readonly machine?: true;
  readonly person?: string;
  readonly actingFor?: string;
  readonly ttl: string;
}

export function mintToken(terminal: Terminal): Command {
  return withJson(
    withData(
      command("mint", {
        summary: "make a token of the gateway's own identity provider",
        description:
          "Makes a token for a policy with local() among its identity providers. Standard output holds the\n" +
          "token alone; when it ends is said on standard error. Whoever can run this on the gateway's data\n" +
          "folder can be anyone: local() is for demos and tests.",
        examples: [
          "postern token mint --subject alice --group support > alice.token",
          "postern token mint --subject deploy-bot --machine --ttl 15m",
          "postern token mint --subject planner --machine --acting-for alice.token",
        ],
        exits: [1, 3],
      })
        .requiredOption("--subject <name>", "whom the token is for")
        .option("--group <name>", "a group of theirs; may be repeated", collect)
        .option("--machine", "a machine (runner, agent), not a person")
        .option("--person <name>", "the same for all identities of one person: an address, a number")
        .option("--acting-for <file>", "file with the token of whom it acts for")
        .option("--ttl <duration>", "how long it lives", "1h"),
    ),
  ).action(async (flags: Flags) => {
    life(flags.ttl);
    const request: TokenRequest = {
      subject: flags.subject,
      groups: flags.group ?? [],
      kind: flags.machine ? "machine" : "person",
      ...(flags.person === undefined ? {} : { person: flags.person }),
      ...(flags.actingFor === undefined ? {} : { actingFor: tokenIn(flags.actingFor) }),
      ttl: flags.ttl,
    };
    const answer = await control(terminal, flags).send<TokenAnswer>("POST", "/v1/tokens", request);
    if (flags.json) return terminal.out(`${JSON.stringify(answer)}\n`);
    terminal.out(`${answer.token}\n`);
    terminal.err(`Good until ${moment(answer.expires)} UTC.\n`);
  });
}
