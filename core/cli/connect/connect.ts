import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { ConnectAnswer, ConnectBody } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import type { Target } from "../client.ts";
import { type CallerFlags, signedIn, withData, withToken } from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";
import { life } from "../time.ts";
import { systemAuthorities } from "./authorities.ts";
import { type ChildEnded, ranChild } from "./child.ts";
import { checkLaunch, type KnownClient, knownClient } from "./known.ts";

interface Flags extends CallerFlags {
  readonly ttl: string;
}

export function connect(terminal: Terminal, clients: readonly KnownClient[]): Command {
  return withToken(
    withData(
      command("connect", {
        summary: "start the resource's own client, signed in as you",
        description:
          "Gets a short-lived credential for one resource, and starts its ordinary client (psql, ssh) with all\n" +
          "that it needs: address, user, password, certificates, host keys. After `--`: a command to start\n" +
          "instead of psql, with the same in its environment; of ssh the further options and the command at\n" +
          "the host. The password is on no command line and in no file. What is still connected when the\n" +
          "credential ends stays connected as long as the rule allows; for a new connection run this again.",
        examples: [
          "postern connect orders",
          'postern connect orders -- psql -c "select count(*) from orders"',
          "postern connect orders --ttl 1h -- $SHELL",
          "postern connect bastion",
          "postern connect bastion -- -L 5432:db.internal:5432 uptime",
        ],
        exits: {
          1: "no client was started; the reason is on standard error",
          3: "no gateway answers",
          4: "not signed in: a token is missing, expired or refused",
        },
      })
        .argument("<resource>", "its name in the policy")
        .argument("[command...]", "see above; put it after --")
        .option("--ttl <duration>", "how long new connections can be opened", "15m")
        .addHelpText(
          "after",
          "\nOnce a client runs, its exit code is this command's; 128 and more: a signal ended it.",
        ),
    ),
  ).action(async (resource: string, given: string[], flags: Flags) => {
    life(flags.ttl);
    const client = signedIn(terminal, flags);
    const ca = caFor(client.target, terminal, flags);
    const body: ConnectBody = { resource, ttl: flags.ttl, ...(ca === undefined ? {} : { ca }) };
    const launch = await client.send<ConnectAnswer>("POST", "/v1/connect", body);
    if ("url" in client.target) checkLaunch(launch, clients);
    const known = knownClient(launch, clients);
    if (known?.prepare) throw await ranPrepared(terminal, launch, given, known.prepare);
    const [name, ...args] = given.length > 0 ? given : launch.command;
    if (name === undefined) {
      throw new PosternError("cli.usage", `${resource} has no client of its own.`, {
        hint: "Name one after --.",
      });
    }
    const environment = { ...terminal.env, ...launch.environment };
    for (const variable of launch.without ?? []) delete environment[variable];
    throw await ranChild([name, ...args], environment);
  });
}

async function ranPrepared(
  { env }: Terminal,
  launch: ConnectAnswer,
  given: readonly string[],
  prepare: NonNullable<KnownClient["prepare"]>,
): Promise<ChildEnded> {
  const folder = mkdtempSync(join(tmpdir(), "postern-connect-"));
  try {
    const { command, environment } = prepare(launch.environment, given, folder);
    return await ranChild(command, { ...env, ...environment });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the gateway's certificates lead to: its listeners are taken to have the same authority as its `web`. */
function caFor(target: Target, { env }: Terminal, { ca }: Flags): string | undefined {
  const given = ca ?? ("url" in target ? target.ca : env.POSTERN_CA);
  return given === undefined ? systemAuthorities(env) : resolve(given);
}
