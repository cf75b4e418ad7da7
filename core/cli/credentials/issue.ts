import type { Command } from "commander";
import type { CredentialAnswer, CredentialBody } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import type { KnownClient } from "../connect/known.ts";
import { type CallerFlags, type JsonFlag, signedIn, withData, withJson, withToken } from "../flags.ts";
import { command } from "../help.ts";
import { list } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { life, moment } from "../time.ts";
import { readKept, writeKept } from "./kept.ts";

interface Flags extends CallerFlags, JsonFlag {
  readonly ttl: string;
  readonly once?: true;
  readonly from?: string;
  readonly for?: string;
  readonly keep?: string;
}

export function issueCredential(terminal: Terminal, clients: readonly KnownClient[]): Command {
  return withJson(
    withToken(
      withData(
        command("issue", {
          summary: "get a short-lived user and password for a client that takes no token",
          description:
            "Exchanges your token for a user name and a password that stand for you until they expire, at the\n" +
            "latest when the token does, or the grant without which you could not use the resource. With a\n" +
            "resource they are good for that one alone. For ssh, whose user name says the resource, the password is\n" +
            "both: USER:PASSWORD. The gateway keeps no password, only what it takes to check one.",
          examples: [
            "postern credentials issue orders --ttl 1h --token-file alice.token",
            "postern credentials issue orders --ttl 5m --once --from 10.2.0.0/16",
            "POSTERN_TOKEN=… postern credentials issue --json",
          ],
          exits: [1, 3, 4],
        })
          .argument("[resource]", "the one resource they are to be good for; without it, any of yours")
          .option("--ttl <duration>", "how long they live", "15m")
          .option("--once", "good for one session: the first login uses them up")
          .option("--from <block>", "good from these addresses alone: 10.2.0.0/16, 2001:db8::/32")
          .option("--for <client>", "print them as this client asks a program for them: kubectl")
          .option("--keep <file>", "with --for: keep them there until they end, and print those next time"),
      ),
    ),
  ).action(async (resource: string | undefined, flags: Flags) => {
    life(flags.ttl);
    const { ttl, once, from, keep } = flags;
    const printed = flags.for === undefined ? undefined : formOf(flags.for, clients);
    const client = signedIn(terminal, flags);
    const token = keep === undefined ? undefined : await client.token();
    const kept = keep && printed && readKept(keep, token, resource ?? "");
    if (kept) return terminal.out(printed(kept, terminal.env));
    const body: CredentialBody = {
      ttl,
      ...(resource === undefined ? {} : { resource }),
      ...(once === undefined ? {} : { once }),
      ...(from === undefined ? {} : { from }),
    };
    const issued = await client.send<CredentialAnswer>("POST", "/v1/credentials", body);
    if (printed) {
      if (keep !== undefined) writeKept(keep, token, resource ?? "", issued);
      return terminal.out(printed(issued, terminal.env));
    }
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

/** Throws PosternError `cli.usage`. */
function formOf(name: string, clients: readonly KnownClient[]): NonNullable<KnownClient["credential"]> {
  const client = clients.find(({ program }) => program === name);
  if (client?.credential) return client.credential.bind(client);
  throw new PosternError("cli.usage", `${name} asks no program for credentials.`, {
    hint: `Leave --for out, or name one of ${clients.flatMap(({ program, credential }) => (credential ? [program] : [])).join(", ")}.`,
  });
}
