import type { Command } from "commander";
import type { CredentialAnswer, CredentialBody } from "../../control/api.ts";
import {
  type DataFlag,
  type JsonFlag,
  signedIn,
  type TokenFlags,
  withData,
  withJson,
  withToken,
} from "../flags.ts";
import { command } from "../help.ts";
import { list } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { life, moment } from "../time.ts";

interface Flags extends DataFlag, JsonFlag, TokenFlags {
  readonly ttl: string;
}

export function issueCredential(terminal: Terminal): Command {
  return withJson(
    withToken(
      withData(
        command("issue", {
          summary: "get a short-lived user and password for a client that takes no token",
          description:
            "Exchanges your token for a user name and a password that stand for you until they expire, at the\n" +
            "latest when the token does. With a resource they are good for that one alone. The gateway keeps\n" +
            "no password, only what it takes to check one.",
          examples: [
            "postern credentials issue orders --ttl 1h --token-file alice.token",
            "POSTERN_TOKEN=… postern credentials issue --json",
          ],
          exits: [1, 3, 4],
        })
          .argument("[resource]", "the one resource they are to be good for; without it, any of yours")
          .option("--ttl <duration>", "how long they live", "15m"),
      ),
    ),
  ).action(async (resource: string | undefined, flags: Flags) => {
    life(flags.ttl);
    const body: CredentialBody = { ttl: flags.ttl, ...(resource === undefined ? {} : { resource }) };
    const issued = await signedIn(terminal, flags).send<CredentialAnswer>("POST", "/v1/credentials", body);
    if (flags.json) return terminal.out(`${JSON.stringify(issued)}\n`);
    terminal.out(
      list([
        ["user", issued.user],
        ["password", issued.password],
        ["expires", `${moment(issued.expires)} UTC`],
      ]),
    );
  });
}
