import { spawnSync } from "node:child_process";
import type { PostgresServer } from "../servers/postgres.ts";

const program = "/usr/lib/postgresql/15/bin/pgbench";
export const modes = ["simple", "extended", "prepared"] as const;
export type Mode = (typeof modes)[number];

/** pgbench's tables, made past the gateway. */
export function initialise(server: PostgresServer): void {
  const made = spawnSync(program, ["-i", "-s", "8", "-q", server.url()], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
}

export interface Bench {
  readonly port: number;
  readonly token: string;
  readonly mode: Mode;
  /** `["-t", "20"]`: as many transactions a client; `["-T", "30"]`: seconds. */
  readonly length: readonly string[];
}

export interface BenchRun {
  readonly exited: Promise<{ code: number; output: string; processed: number }>;
}

/** 64 clients in two threads, through the gateway. */
export function runBench({ port, token, mode, length }: Bench): BenchRun {
  const child = Bun.spawn(
    [program, "-n", "-c", "64", "-j", "2", "-M", mode, ...length, "-h", "127.0.0.1", "-p", `${port}`].concat([
      "-U",
      "bench",
      "shop",
    ]),
    { env: { ...process.env, PGPASSWORD: token }, stdout: "pipe", stderr: "pipe" },
  );
  const exited = Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]).then(([code, out, err]) => {
    const output = out + err;
    const processed = Number(/transactions actually processed: (\d+)/.exec(output)?.[1] ?? Number.NaN);
    return { code, output, processed };
  });
  return { exited };
}

/** How often each statement of pgbench's stands in the server's own log, simple or extended. */
export function ranOnServer(log: string): Map<string, number> {
  return count(
    [...log.matchAll(/LOG: {2}(?:statement|execute [^:]+): (.*)/g)]
      .map(([, statement = ""]) => statement)
      .filter(isBench),
  );
}

export function isBench(statement: string): boolean {
  return /pgbench_|^(begin|end);?$/i.test(statement);
}

export function count(statements: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const statement of statements) counts.set(statement, (counts.get(statement) ?? 0) + 1);
  return counts;
}
