import { constants } from "node:os";
import { PosternError } from "../../error.ts";

/** How the command that ran in our place ended: its exit status is ours, and it has said all there is to say. */
export class ChildEnded extends Error {
  constructor(readonly status: number) {
    super(`exit status ${status}`);
  }
}

/** What a terminal sends to the child as well; passed on, it would come twice. */
const byTerminal: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];
const others: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];

/** Runs it on our own terminal, with our signals, to its end. Throws PosternError `connect.command`. */
export async function ranChild(
  command: readonly [string, ...string[]],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ChildEnded> {
  const found = Bun.which(command[0], { PATH: environment.PATH ?? "" });
  if (found === null) throw notThere(command[0]);
  const child = Bun.spawn([found, ...command.slice(1)], {
    argv0: command[0],
    env: { ...environment },
    stdio: ["inherit", "inherit", "inherit"],
  });
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const passing = [...byTerminal, ...others].map((signal) => {
    const silent = atTerminal && byTerminal.includes(signal);
    const pass = () => void (silent || child.kill(signal));
    process.on(signal, pass);
    return () => process.off(signal, pass);
  });
  await child.exited;
  for (const stop of passing) stop();
  return new ChildEnded(child.exitCode ?? 128 + numberOf(child.signalCode));
}

/** Bun's types have the signal by name or by number. */
function numberOf(signal: NodeJS.Signals | number | null): number {
  return typeof signal === "string" ? constants.signals[signal] : (signal ?? 0);
}

function notThere(name: string): PosternError {
  return new PosternError("connect.command", `There is no command ${name} here.`, {
    hint: "Install it, or name another after --.",
  });
}
