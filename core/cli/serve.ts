import type { Command } from "commander";
import { PosternError } from "../error.ts";
import { type DataFlag, dataFolder, withData } from "./flags.ts";
import { command } from "./help.ts";
import type { Terminal } from "./terminal.ts";

const levels = ["debug", "info", "warn", "error"] as const;

interface Flags extends DataFlag {
  readonly logLevel: string;
}

export function serveCommand(terminal: Terminal): Command {
  return withData(
    command("serve", {
      summary: "run the gateway",
      description:
        "Loads the policy, opens its listeners, and serves until SIGTERM or Ctrl-C; a second one stops at\n" +
        "once. Saving the policy file, or any file that it imports, reloads it; a broken one is refused and\n" +
        "the old one stays. Logs go to standard error: JSON lines, or readable ones on a terminal.",
      examples: [
        "postern serve shop.policy.ts",
        "POSTERN_DATA=/var/lib/postern postern serve /etc/postern/policy.ts --log-level warn",
      ],
      exits: { 1: "it does not start, or had to stop; standard error says why" },
    })
      .argument("<policy>", "policy file, whose default export is gateway({…})")
      .option("--log-level <level>", levels.join(", "), "info"),
  ).action(async (policyPath: string, flags: Flags) => {
    const level = levels.find((name) => name === flags.logLevel);
    if (!level) {
      throw new PosternError("cli.usage", `"${flags.logLevel}" is no log level.`, {
        hint: `Choose from ${levels.join(", ")}.`,
      });
    }
    // Only this command needs the whole gateway; the others start quicker without it.
    const { serve } = await import("../serve.ts");
    const running = await serve({ policyPath, dataDir: dataFolder(terminal, flags), log: { level } });
    const forced = await running.stopped;
    if (forced === undefined) return;
    throw new PosternError("serve.stopped", `The gateway had to stop: ${forced}.`, {
      hint: "The log above says more; `postern doctor` looks for what is wrong.",
    });
  });
}
