import { type Duration, milliseconds, type Secret } from "../../core/plugin.ts";
import { errorCode, largest, secretValue, unavailable } from "./value.ts";

export interface ExecOptions {
  /** How long the command may take. Default 10s. */
  readonly timeout?: Duration;
  /** How long its answer serves further sessions. Default 10s; "0s": run it for each. */
  readonly cache?: Duration;
}

/**
 * A credential that a command prints: the command-line client of any vault. It runs without a shell and
 * without standard input; what it says on standard error is never repeated.
 *
 *     credential: exec("vault", "kv", "get", "-field=url", "secret/orders", { timeout: "5s" })
 *
 * Reading throws PosternError `secret.unavailable`.
 */
export function exec(
  command: string,
  ...rest: [...args: string[]] | [...args: string[], options: ExecOptions]
): Secret {
  const last = rest.at(-1);
  const options = typeof last === "object" ? last : {};
  const args = rest.flatMap((arg) => (typeof arg === "string" ? [arg] : []));
  const timeout = milliseconds(options.timeout ?? "10s");
  const cache = milliseconds(options.cache ?? "10s");
  let kept: { readonly answer: Promise<string>; readonly until: number } | undefined;
  return {
    // Its arguments say which secret it is, and may say more than everybody should read.
    label: `exec ${command}`,
    read() {
      if (kept && Date.now() < kept.until) return kept.answer;
      const answer = run(command, args, timeout);
      const mine = { answer, until: Date.now() + cache };
      kept = mine;
      // A failure is told to whoever waits for it, and not kept.
      answer.catch(() => {
        if (kept === mine) kept = undefined;
      });
      return answer;
    },
  };
}

async function run(command: string, args: readonly string[], timeout: number): Promise<string> {
  const label = `exec ${command}`;
  const hint =
    "Run the command by hand as the user the gateway runs as: it must print the credential and exit with 0.";
  const child = start(command, args, hint);
  const late = Promise.withResolvers<"late">();
  const timer = setTimeout(() => late.resolve("late"), timeout);
  try {
    const ended = await Promise.race([printed(child), late.promise]);
    if (ended === "late" || ended.text === undefined) end(child);
    if (ended === "late") throw unavailable(`${label} took longer than ${timeout} ms.`, hint);
    if (ended.text === undefined) throw unavailable(`${label} printed more than ${largest} bytes.`, hint);
    if (ended.status !== "exit status 0") throw unavailable(`${label} ended with ${ended.status}.`, hint);
    return secretValue(label, ended.text, hint);
  } finally {
    clearTimeout(timer);
  }
}

type Child = ReturnType<typeof start>;

function start(command: string, args: readonly string[], hint: string) {
  try {
    // A group of its own: what the command starts ends with it.
    const options = { stdin: "ignore", stdout: "pipe", stderr: "ignore", detached: true } as const;
    return Bun.spawn([command, ...args], options);
  } catch (error) {
    throw unavailable(`exec ${command} could not be started (${errorCode(error)}).`, hint);
  }
}

function end(child: Child): void {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}

/** `text` undefined: more than a credential is long. */
async function printed(child: Child): Promise<{ text?: string; status: string }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of child.stdout) {
    length += chunk.length;
    if (length > largest) return { status: "too long" };
    chunks.push(chunk);
  }
  const exit = await child.exited;
  return {
    text: Buffer.concat(chunks).toString("utf8"),
    status: child.signalCode === null ? `exit status ${exit}` : `${child.signalCode}`,
  };
}
