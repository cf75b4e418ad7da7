import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "./database.ts";

const root = join(import.meta.dir, "..");
const policy = join("demo", "demo.policy.ts");

/** A running `postern serve`, and the command line that talks to it. */
export interface DemoGateway {
  readonly port: number;
  /** `--data …`, as the reader has to type it. */
  readonly dataFlag: string;
  /** Runs `postern …` against this gateway and returns what it printed. Throws when it fails. */
  postern(...args: string[]): Promise<string>;
  close(): Promise<void>;
}

export async function startGateway(database: Database): Promise<DemoGateway> {
  const data = mkdtempSync(join(tmpdir(), "postern-demo-"));
  const port = freePort(6432);
  const log = join(data, "demo.log");
  const output = openSync(log, "a");
  const child = spawn(process.execPath, command("serve", policy, "--data", data), {
    cwd: root,
    env: {
      ...process.env,
      DEMO_PORT: String(port),
      DEMO_DATABASE_PORT: String(database.port),
      DEMO_DATABASE_PASSWORD: database.password,
    },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await listening(port, child, log);
  return {
    port,
    dataFlag: `--data ${data}`,
    postern: (...args) => run([...args, "--data", data]),
    async close() {
      child.kill("SIGTERM");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function command(...args: string[]): string[] {
  return [join(root, "core", "cli", "main.ts"), ...args];
}

function run(args: string[]): Promise<string> {
  const child = spawn(process.execPath, command(...args), { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    err += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`postern ${args.join(" ")}: exit code ${code}\n${out}${err}`));
    });
  });
}

async function listening(port: number, child: ChildProcess, log: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`The gateway did not start:\n${readFileSync(log, "utf8")}`);
    }
    await Bun.sleep(50);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => socket.destroy());
    socket.once("error", () => resolve(false));
    socket.once("close", (failed) => resolve(!failed));
  });
}

/** This port, or where it is taken any free one. */
function freePort(wanted: number): number {
  try {
    const probe = Bun.listen({ hostname: "127.0.0.1", port: wanted, socket: { data() {} } });
    probe.stop(true);
    return probe.port;
  } catch {
    return freePort(0);
  }
}
