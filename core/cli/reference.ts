import type { Command } from "commander";
import { program } from "./program.ts";

/** docs/cli.md: every command's help, as the command line prints it. */
export function reference(): string {
  const silent = {
    out() {},
    err() {},
    env: {},
    signal: new AbortController().signal,
    screen: false,
    colour: false,
    interactive: false,
  };
  const root = program(silent);
  const commands = root.commands.flatMap((one) => (one.commands.length > 0 ? one.commands : [one]));
  return [
    "# Command line",
    "",
    "What `postern help` prints. Written by `bun core/cli/reference.ts`; a test keeps it true.",
    ...[root, ...commands].flatMap((one) => ["", `## ${path(one)}`, "", "```text", help(one), "```"]),
    "",
  ].join("\n");
}

/** With what is added after it, which `helpInformation` leaves out. */
function help(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text.trimEnd();
}

function path(command: Command): string {
  return command.parent ? `${path(command.parent)} ${command.name()}` : command.name();
}

if (import.meta.main) {
  await Bun.write(new URL("../../docs/cli.md", import.meta.url), reference());
}
