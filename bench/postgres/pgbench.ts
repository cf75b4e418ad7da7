import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../figure.ts";
import { cpuSeconds } from "../processes.ts";
import type { Peer } from "./peers/peer.ts";

const program = "/usr/lib/postgresql/15/bin/pgbench";

export const modes = ["simple", "extended", "prepared"] as const;
export type Mode = (typeof modes)[number];

export interface Load {
  readonly mode: Mode;
  readonly clients: number;
  /** Either. */
  readonly seconds?: number;
  readonly transactions?: number;
  /** A connection for every transaction. */
  readonly reconnect?: true;
  /** Keep the time of every transaction, for the median. */
  readonly timed?: true;
}

export interface LoadResult {
  readonly transactions: number;
  /** Transactions a second. */
  readonly rate: number;
  /** Microseconds of CPU of the processes that carry it, a transaction. */
  readonly cpu: number;
  /** Microseconds; NaN unless `timed`. */
  readonly p50: number;
}

/** `pgbench -S`: one short select a transaction. Throws with its words when one fails. */
export async function load(peer: Peer, { mode, clients, ...how }: Load): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-log-"));
  const length = how.seconds ? ["-T", `${how.seconds}`] : ["-t", `${how.transactions}`];
  const args = [
    "-n",
    "-S",
    "-M",
    mode,
    "-c",
    `${clients}`,
    ...length,
    "-h",
    "127.0.0.1",
    "-p",
    `${peer.port}`,
  ];
  if (how.reconnect) args.push("-C");
  if (how.timed) args.push("-l", `--log-prefix=${join(folder, "log")}`);
  const before = cpuSeconds(peer.carries);
  const child = Bun.spawn([program, ...args, "-U", peer.user, peer.database], {
    env: { ...process.env, PGPASSWORD: peer.password, PGSSLMODE: "disable", PGGSSENCMODE: "disable" },
    stdout: "pipe",
    stderr: "pipe",
  });
  try {
    const [code, out, err] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const used = cpuSeconds(peer.carries) - before;
    const transactions = Number(/transactions actually processed: (\d+)/.exec(out)?.[1] ?? Number.NaN);
    const rate = Number(/^tps = ([\d.]+)/m.exec(out)?.[1] ?? Number.NaN);
    if (code !== 0 || !(transactions > 0)) throw new Error(`pgbench through ${peer.id}: ${out}${err}`);
    return { transactions, rate, cpu: (used / transactions) * 1e6, p50: median(times(folder)) ?? Number.NaN };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The third column of pgbench's own log: microseconds a transaction. */
function times(folder: string): number[] {
  return readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => Number(line.split(" ")[2])),
  );
}
