import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { PosternError } from "../error.ts";
import { ControlClient } from "./client.ts";
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
    .option("--token-file <file>", "file with your token (default: $POSTERN_TOKEN)")
    .option("--token <token>", "your token; others on this machine can read it in the list of processes");
}

/** For options that may be repeated; a list after one would swallow the arguments behind it. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Absolute. */
export function dataFolder(terminal: Terminal, { data }: DataFlag): string {
  return resolve(data ?? terminal.env.POSTERN_DATA ?? ".postern");
}

export function control(terminal: Terminal, flags: DataFlag & TokenFlags): ControlClient {
  return new ControlClient(
    join(dataFolder(terminal, flags), "control.sock"),
    terminal.signal,
    tokenOf(terminal, flags),
  );
}

/** For commands that say who is asking. Throws PosternError `cli.no-token`. */
export function signedIn(terminal: Terminal, flags: DataFlag & TokenFlags): ControlClient {
  if (tokenOf(terminal, flags) === undefined) {
    throw new PosternError("cli.no-token", "This needs your token, to know who you are.", {
      hint: "Put it into a file and give --token-file FILE, or set POSTERN_TOKEN.",
    });
  }
  return control(terminal, flags);
}

function tokenOf(terminal: Terminal, { token, tokenFile }: TokenFlags): string | undefined {
  if (tokenFile === undefined) return token ?? terminal.env.POSTERN_TOKEN;
  try {
    return readFileSync(tokenFile, "utf8").trim();
  } catch (cause) {
    throw new PosternError("cli.no-token", `The token file ${tokenFile} cannot be read.`, {
      hint: "Check its path and that you may read it.",
      cause,
    });
  }
}
