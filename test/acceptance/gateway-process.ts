import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const main = join(import.meta.dir, "../../core/cli/main.ts");

export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<GatewayProcess>();
process.on("exit", () => {
  for (const gateway of running) gateway.killNow();
});

/** `postern serve` as an operator runs it: a process group of its own, output in a file. */
export class GatewayProcess {
  port = 0;
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #group = "none";
  #first: ReadonlySet<string> = new Set();

  constructor(
    readonly policy: string,
    readonly data: string,
    readonly log: string,
    readonly environment: Readonly<Record<string, string>>,
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
      if (port !== undefined) this.port = port;
      if (port !== undefined && (await this.postern("sessions", "list")).code === 0) break;
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`The gateway did not start:\n${said}`);
      await Bun.sleep(20);
    }
    this.#first = new Set(this.#processes());
  }

  /** The command line, against this gateway. */
  async postern(...args: string[]): Promise<Printed> {
    const child = Bun.spawn([process.execPath, main, ...args, "--data", this.data], {
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

  logged(): string {
    return readFileSync(this.log, "utf8");
  }

  async kill(): Promise<void> {
    this.killNow();
    await this.#exited;
    while (this.#processes().length > 0) await Bun.sleep(5);
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
    const sizes = this.#processes().map((pid) => /^RssAnon:\s+(\d+) kB/m.exec(proc(pid, "status"))?.[1]);
    return sizes.reduce((sum, size) => sum + Number(size ?? 0) * 1024, 0);
  }

  descriptors(): number {
    return this.#processes().reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0);
  }

  restarts(): number {
    return this.#processes().filter((pid) => !this.#first.has(pid)).length;
  }

  /** The living processes of its group. */
  #processes(): string[] {
    return readdirSync("/proc").filter((pid) => {
      const [state, , pgrp] = proc(pid, "stat")
        .replace(/^.*\) /s, "")
        .split(" ");
      return /^\d+$/.test(pid) && pgrp === this.#group && state !== "Z";
    });
  }
}

/** The port in the log line that says where callers connect. */
function listening(log: string): number | undefined {
  const port = /"port":\s*(\d+)|127\.0\.0\.1:(\d+)/.exec(log);
  return port ? Number(port[1] ?? port[2]) : undefined;
}

function proc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
