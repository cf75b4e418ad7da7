import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { PosternError } from "../error.ts";
import { ControlClient, type Target } from "./client.ts";
import { gatewayUrl } from "./login/gateway.ts";
import { freshToken } from "./login/refresh.ts";
import { readLogin, type StoredLogin } from "./login/stored.ts";
import type { Terminal } from "./terminal.ts";

export interface DataFlag {
  readonly data?: string;
}
export interface JsonFlag {
  readonly json?: true;
}
export interface TokenFlags {
  readonly token?: string;
  readonly tokenFile?: string;
}
export interface GatewayFlags {
  readonly gateway?: string;
  readonly ca?: string;
}
/** Of commands that a caller gives as well as an operator. */
export type CallerFlags = DataFlag & TokenFlags & GatewayFlags;

export function withData(command: Command): Command {
  return command.option(
    "--data <dir>",
    "data folder of the gateway (default: $POSTERN_DATA, else ./.postern)",
  );
}

export function withJson(command: Command, what = "one JSON document"): Command {
  return command.option("--json", `print ${what}, for machines`);
}

export function withToken(command: Command): Command {
  return command
    .option("--token-file <file>", "file with your token (default: $POSTERN_TOKEN, else `postern login`)")
    .option("--token <token>", "your token; others on this machine can read it in the list of processes")
    .option("--gateway <url>", "a gateway elsewhere (default: $POSTERN_GATEWAY, else `postern login`)")
    .option("--ca <file>", "PEM file of the authority of its certificate (default: $POSTERN_CA)");
}

/** For options that may be repeated; a list after one would swallow the arguments behind it. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Absolute. */
export function dataFolder(terminal: Terminal, { data }: DataFlag): string {
  return resolve(data ?? terminal.env.POSTERN_DATA ?? ".postern");
}

/** The operator's way: the socket in the data folder. */
export function control(terminal: Terminal, flags: DataFlag): ControlClient {
  return new ControlClient({ socket: socketOf(terminal, flags) }, terminal.signal);
}

/** A gateway here or elsewhere, with a token if there is one. */
export function reach(terminal: Terminal, flags: CallerFlags): ControlClient {
  const target = targetOf(terminal, flags);
  return new ControlClient(target, terminal.signal, async () => {
    const given = tokenOf(terminal, flags);
    return given ?? (login(terminal, target) && (await freshToken(terminal)));
  });
}

/** For commands that say who is asking. Throws PosternError `cli.no-token`. */
export function signedIn(terminal: Terminal, flags: CallerFlags): ControlClient {
  const client = reach(terminal, flags);
  if (tokenOf(terminal, flags) === undefined && !login(terminal, client.target)) {
    throw new PosternError("cli.no-token", "This needs your token, to know who you are.", {
      hint: "`postern login URL` gets one; or give --token-file FILE, or set POSTERN_TOKEN.",
    });
  }
  return client;
}

/**
 * Whoever listens there gets a token, and says what `connect` runs: where nobody has named the folder, it must be one of
 * our own. Throws PosternError `control.foreign`.
 */
function socketOf(terminal: Terminal, flags: DataFlag): string {
  const socket = join(dataFolder(terminal, flags), "control.sock");
  if (flags.data !== undefined || terminal.env.POSTERN_DATA !== undefined) return socket;
  const owner = statSync(socket, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === process.getuid?.()) return socket;
  throw new PosternError("control.foreign", `${socket} belongs to another user.`, {
    hint: "Name the folder with --data if you trust whoever put it there; else go to another one.",
  });
}

/** What is named comes first; then the gateway in this folder; then the one that somebody signed in to. */
function targetOf(terminal: Terminal, flags: CallerFlags): Target {
  const { env } = terminal;
  const url = flags.gateway ?? (flags.data === undefined ? env.POSTERN_GATEWAY : undefined);
  if (url !== undefined) return remote(terminal, gatewayUrl(url), flags.ca);
  const socket = socketOf(terminal, flags);
  const meant = flags.data !== undefined || env.POSTERN_DATA !== undefined || existsSync(socket);
  const known = meant ? undefined : readLogin(env);
  return known ? remote(terminal, known.gateway, flags.ca) : { socket };
}

function remote({ env }: Terminal, url: string, given: string | undefined): Target {
  const known = readLogin(env);
  const ca = given ?? env.POSTERN_CA ?? (known?.gateway === url ? known.ca : undefined);
  return { url, ...(ca === undefined ? {} : { ca: resolve(ca) }) };
}

/** The stored login, where it is for this gateway: its token goes nowhere else. A socket is this machine's own. */
function login({ env }: Terminal, target: Target): StoredLogin | undefined {
  const known = readLogin(env);
  return "socket" in target || known?.gateway === target.url ? known : undefined;
}

function tokenOf(terminal: Terminal, { token, tokenFile }: TokenFlags): string | undefined {
  return tokenFile === undefined ? (token ?? terminal.env.POSTERN_TOKEN) : tokenIn(tokenFile);
}

/** Throws PosternError `cli.no-token`. */
export function tokenIn(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new PosternError("cli.no-token", `The token file ${file} cannot be read.`, {
      hint: "Check its path and that you may read it.",
      cause,
    });
  }
}
