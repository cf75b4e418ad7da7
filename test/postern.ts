import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cli } from "../core/cli/testing/cli.ts";

const main = join(import.meta.dir, "../plugins/main.ts");

export type Environment = Readonly<Record<string, string>>;

export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What tests do again and again. */
const often = new Set([
  "token mint",
  "sessions list",
  "approvals list",
  "approvals approve",
  "approvals deny",
]);

/** `postern …`: the command line, once. A process of its own, which takes longer than most answers, is for what is seldom. */
export async function postern(args: readonly string[], environment: Environment = {}): Promise<Printed> {
  if (often.has(args.slice(0, 2).join(" "))) {
    const { code, out, err } = await cli(args, { env: { ...(process.env as Environment), ...environment } });
    return { code, stdout: out, stderr: err };
  }
  const child = Bun.spawn([process.execPath, main, ...args], {
    env: { ...process.env, ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, stdout, stderr] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, stdout, stderr };
}

const running = new Set<Postern>();
process.on("exit", () => {
  for (const gateway of running) gateway.killNow();
});

/** `postern serve` as an operator runs it: a process group of its own, output in a file. */
export class Postern {
  port = 0;
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #group = "none";
  #first: ReadonlySet<string> = new Set();

  constructor(
    readonly policy: string,
    readonly data: string,
    readonly log: string,
    readonly environment: Environment,
  ) {}

  async start(): Promise<void> {
    const output = openSync(this.log, "a");
    const before = this.logged().length;
    const child = spawn(process.execPath, [main, "serve", this.policy, "--data", this.data], {
      detached: true,
      env: { ...process.env, ...this.environment },
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    this.#child = child;
    this.#group = String(child.pid);
    running.add(this);
    this.#exited = new Promise((resolve) => child.once("exit", resolve));
    const deadline = Date.now() + 30_000;
    for (;;) {
      const said = this.logged().slice(before);
      const port = listening(said);
      if (port !== undefined) {
        this.port = port;
        break;
      }
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`The gateway did not start:\n${said}`);
      await Bun.sleep(20);
    }
    this.#first = new Set(this.processes());
  }

  /** The command line, against this gateway; `token` says who is asking. */
  postern(args: readonly string[], token?: string): Promise<Printed> {
    return postern([...args, "--data", this.data], token === undefined ? {} : { POSTERN_TOKEN: token });
  }

  /** SIGTERM, and a second one for sessions that do not end by themselves. */
  async stop(): Promise<void> {
    const child = this.#child;
    child?.kill("SIGTERM");
    const again = setTimeout(() => child?.kill("SIGTERM"), 1000);
    await this.#exited;
    clearTimeout(again);
    await this.kill();
  }

  logged(): string {
    return readFileSync(this.log, "utf8");
  }

  async kill(): Promise<void> {
    this.killNow();
    await this.#exited;
    while (this.processes().length > 0) await Bun.sleep(5);
  }

  killNow(): void {
    running.delete(this);
    const pid = this.#child?.pid;
    this.#child = undefined;
    try {
      if (pid) process.kill(-pid, "SIGKILL");
    } catch {
      // All of them are gone.
    }
  }

  memory(): number {
    const sizes = this.processes().map((pid) => /^RssAnon:\s+(\d+) kB/m.exec(proc(pid, "status"))?.[1]);
    return sizes.reduce((sum, size) => sum + Number(size ?? 0) * 1024, 0);
  }

  descriptors(): number {
    return this.processes().reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0);
  }

  restarts(): number {
    return this.processes().filter((pid) => !this.#first.has(pid)).length;
  }

  /** Of the supervisor. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The living processes of its group. */
  processes(): string[] {
    return readdirSync("/proc").filter((pid) => {
      const [state, , pgrp] = proc(pid, "stat")
        .replace(/^.*\) /s, "")
        .split(" ");
      return /^\d+$/.test(pid) && pgrp === this.#group && state !== "Z";
    });
  }
}

/** The port of the first listener, from the log line that says that callers are served. */
function listening(log: string): number | undefined {
  const ready = log.split("\n").find((line) => line.includes('"msg":"ready"'));
  return ready === undefined ? undefined : Number(/"port":(\d+)/.exec(ready)?.[1]);
}

function proc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** The door, once its gateway serves; where that does not start, nothing of the door stays. */
export async function started<D extends { readonly gateway: Pick<Postern, "start">; close(): Promise<void> }>(
  door: D,
): Promise<D> {
  try {
    await door.gateway.start();
    return door;
  } catch (error) {
    await door.close();
    throw error;
  }
}
