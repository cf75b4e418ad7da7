import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { ConnectAnswer, ConnectBody } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import type { ControlClient, Target } from "../client.ts";
import { writeKept } from "../credentials/kept.ts";
import { type CallerFlags, signedIn, withData, withToken } from "../flags.ts";
import { command } from "../help.ts";
import { madeFolder } from "../login/stored.ts";
import type { Terminal } from "../terminal.ts";
import { life } from "../time.ts";
import { againBy, installed, ourselves } from "./again.ts";
import { systemAuthorities } from "./authorities.ts";
import { type ChildEnded, ranChild } from "./child.ts";
import { checkLaunch, type KnownClient, knownClient } from "./known.ts";

interface Flags extends CallerFlags {
  readonly ttl: string;
  readonly write?: true;
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
          "postern connect prod -- kubectl get pods",
          "postern connect prod --write && kubectl get pods",
          "postern connect grafana -- curl https://gateway.example.com/grafana/api/health",
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
        .option("--write", "put the kubeconfig where kubectl looks, as its current context")
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
    if (known?.settings && given.length === 0)
      return await settled(terminal, client, flags, { resource, launch, ca, known });
    if (flags.write) throw nothingToWrite(resource);
    if (known?.prepare)
      throw await ranPrepared(terminal, client, flags, given, { resource, launch, ca, known });
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

interface Connecting {
  readonly resource: string;
  readonly launch: ConnectAnswer;
  readonly ca: string | undefined;
  readonly known: KnownClient;
}

async function ranPrepared(
  { env }: Terminal,
  client: ControlClient,
  flags: Flags,
  given: readonly string[],
  { resource, launch, ca, known }: Connecting,
): Promise<ChildEnded> {
  const folder = mkdtempSync(join(tmpdir(), "postern-connect-"));
  try {
    const keep = join(folder, "credential.json");
    const wish = { resource, program: known.program, ttl: flags.ttl, keep, ca };
    const again = againBy(client, flags, ourselves(), wish);
    const { command, environment, issued } = (known.prepare as NonNullable<KnownClient["prepare"]>)(
      launch.environment,
      given,
      folder,
      again,
    );
    if (issued) writeKept(keep, await client.token(), resource, { ...issued, expires: launch.expires });
    const token = flags.token === undefined ? {} : { POSTERN_TOKEN: flags.token };
    return await ranChild(command, { ...env, ...(issued ? token : {}), ...environment });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints what the client's settings are, or writes them. */
async function settled(
  terminal: Terminal,
  client: ControlClient,
  flags: Flags,
  { resource, launch, ca, known }: Connecting,
): Promise<void> {
  const keep = join(madeFolder(terminal.env), `${known.program}-${resource}.json`);
  const own = installed(terminal.env.PATH);
  const again = againBy(client, flags, own, { resource, program: known.program, ttl: flags.ttl, keep, ca });
  const { text, write } = (known.settings as NonNullable<KnownClient["settings"]>)(launch.environment, again);
  if (!flags.write) return terminal.out(text);
  if (!write) throw nothingToWrite(resource);
  terminal.out(write(terminal.env));
}

function nothingToWrite(resource: string): PosternError {
  return new PosternError("cli.usage", `There is no place to write how ${resource} is reached.`, {
    hint: "--write is for clusters, and goes without a command.",
  });
}

/** What the gateway's certificates lead to: its listeners are taken to have the same authority as its `web`. */
function caFor(target: Target, { env }: Terminal, { ca }: Flags): string | undefined {
  const given = ca ?? ("url" in target ? target.ca : env.POSTERN_CA);
  return given === undefined ? systemAuthorities(env) : resolve(given);
}
