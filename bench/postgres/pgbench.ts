import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../figure.ts";
import { cpuSeconds } from "../processes.ts";
import type { Extent } from "../scenario.ts";
import type { Peer } from "./peers/peer.ts";

const program = "/usr/lib/postgresql/15/bin/pgbench";

export const modes = ["simple", "extended", "prepared"] as const;
export type Mode = (typeof modes)[number];

/** pgbench's clock runs while its clients log in, by SCRAM; its rate leaves that out. Seconds. */
const loginTime = (clients: number) => slowness * (1 + Math.floor(clients / 32));
/** Grows where a machine is so busy that nobody was logged in by then, up to the largest. */
let slowness = 1;
const slowest = 9;

export interface Load {
  readonly mode: Mode;
  readonly clients: number;
  /** Either. */
  readonly seconds?: number;
  readonly transactions?: number;
  /** A connection for every transaction. */
  readonly reconnect?: true;
  /** Over TLS. */
  readonly tls?: true;
  /** Keep the time of every transaction, for the median. */
  readonly timed?: true;
}

export interface LoadResult {
  readonly transactions: number;
  /** Transactions a second. */
  readonly rate: number;
  /** Microseconds of CPU of the processes that carry it, a transaction; of so many transactions the logins are in it. */
  readonly cpu: number;
  /** The same of all the peer's processes. */
  readonly cpuOfAll: number;
  /** Microseconds; NaN unless `timed`. */
  readonly p50: number;
}

/** As long as the extent says. */
export const during = ({ seconds }: Extent): Pick<Load, "seconds" | "transactions"> =>
  seconds > 0 ? { seconds } : { transactions: 20 };

/** `pgbench -S`: one short select a transaction. Throws with its words when one fails. */
export async function load(peer: Peer, { mode, clients, ...how }: Load): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-log-"));
  const before = how.reconnect ? 0 : loginTime(clients);
  const length = how.seconds ? ["-T", `${how.seconds + before}`] : ["-t", `${how.transactions}`];
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
  const child = Bun.spawn([program, ...args, "-U", peer.user, peer.database], {
    env: {
      ...process.env,
      PGPASSWORD: peer.password,
      PGSSLMODE: how.tls ? "require" : "disable",
      PGGSSENCMODE: "disable",
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  try {
    const used = () => [peer.carries, peer.processes].map(cpuSeconds);
    const began = used();
    const [shares, code, out, err] = await Promise.all([
      how.seconds ? cpuShares(used, before, how.seconds) : undefined,
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const transactions = Number(/transactions actually processed: (\d+)/.exec(out)?.[1] ?? Number.NaN);
    const rate = Number(/^tps = ([\d.]+)/m.exec(out)?.[1] ?? Number.NaN);
    if (code === 0 && transactions === 0 && slowness < slowest) {
      slowness *= 3;
      return await load(peer, { mode, clients, ...how });
    }
    if (code !== 0 || !(transactions > 0)) throw new Error(`pgbench through ${peer.id}: ${out}${err}`);
    const ended = used();
    const [cpu = Number.NaN, cpuOfAll = Number.NaN] =
      shares?.map((share) => (share * 1e6) / rate) ??
      ended.map((seconds, which) => ((seconds - (began[which] ?? 0)) * 1e6) / transactions);
    return {
      transactions,
      rate,
      cpu,
      cpuOfAll,
      p50: median(times(folder)) ?? Number.NaN,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Seconds of CPU a second, over the time in which nobody logs in. */
async function cpuShares(used: () => number[], before: number, seconds: number): Promise<number[]> {
  await Bun.sleep(before * 900);
  const [began, at] = [used(), performance.now()];
  await Bun.sleep(seconds * 1000);
  const [ended, took] = [used(), (performance.now() - at) / 1000];
  return ended.map((now, which) => (now - (began[which] ?? 0)) / took);
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
