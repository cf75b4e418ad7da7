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

/** Seconds of the same load before those that are measured: caches are filled, and code that the engine let go is there again. */
const runIn = 1;
/** Seconds in which pgbench's clients have logged in; its clock runs meanwhile. */
const loginLimit = 60;

export interface Load {
  readonly mode: Mode;
  readonly clients: number;
  /** Either: after the run-in, and without logins. */
  readonly seconds?: number;
  /** Of each client; without a run-in. */
  readonly transactions?: number;
  /** A connection for every transaction. */
  readonly reconnect?: true;
  /** Over TLS. */
  readonly tls?: true;
  /** Keep the time of every transaction, for the median. */
  readonly timed?: true;
}

export interface LoadResult {
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
export async function load(peer: Peer, how: Load): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-log-"));
  const log = join(folder, "log");
  const child = Bun.spawn([program, ...argumentsOf(peer, how, log)], {
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
    const [window, code, out] = await Promise.all([
      observed(child, used, how.seconds),
      child.exited,
      new Response(child.stdout).text(),
    ]);
    const transactions = Number(/transactions actually processed: (\d+)/.exec(out)?.[1] ?? Number.NaN);
    if (code !== 0 || !(transactions > 0) || (how.seconds && !window.result))
      throw new Error(`pgbench through ${peer.id}: ${out}${window.said}`);
    const p50 = median(times(folder, how.seconds ? runIn : 0)) ?? Number.NaN;
    if (window.result) return { ...window.result, p50 };
    const [cpu = Number.NaN, cpuOfAll = Number.NaN] = used().map(
      (seconds, which) => ((seconds - (began[which] ?? 0)) * 1e6) / transactions,
    );
    return { rate: Number(/^tps = ([\d.]+)/m.exec(out)?.[1] ?? Number.NaN), cpu, cpuOfAll, p50 };
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

function argumentsOf(peer: Peer, { mode, clients, ...how }: Load, log: string): string[] {
  const { seconds, transactions } = how;
  return [
    ...["-n", "-S", "-M", mode, "-c", `${clients}`],
    ...(seconds ? ["-P", "1", "-T", `${loginLimit + runIn + seconds}`] : ["-t", `${transactions}`]),
    ...(how.reconnect ? ["-C"] : []),
    ...(how.timed ? ["-l", `--log-prefix=${log}`] : []),
    ...["-h", "127.0.0.1", "-p", `${peer.port}`, "-U", peer.user, peer.database],
  ];
}

/** Seconds of CPU, and when. */
interface Reading {
  readonly used: readonly number[];
  readonly at: number;
}

interface Window {
  /** Absent: it ended before. */
  readonly result: Omit<LoadResult, "p50"> | undefined;
  readonly said: string;
}

/**
 * What passes between two of pgbench's reports (`-P 1`), the first of which comes a second after all its clients have logged in.
 * Then it is told that its time is over, and lets its clients end their transactions and sessions.
 */
async function observed(
  child: Bun.Subprocess<"ignore", "pipe", "pipe">,
  used: () => number[],
  seconds: number | undefined,
): Promise<Window> {
  const rates: number[] = [];
  let began: Reading | undefined;
  let result: Window["result"];
  let said = "";
  let read = 0;
  const decoder = new TextDecoder();
  for await (const chunk of child.stderr) {
    said += decoder.decode(chunk, { stream: true });
    for (; said.indexOf("\n", read) >= 0; read = said.indexOf("\n", read) + 1) {
      const rate = /^progress: [\d.]+ s, ([\d.]+) tps/.exec(said.slice(read))?.[1];
      if (rate === undefined || seconds === undefined || result) continue;
      const now = { used: used(), at: performance.now() };
      if (began) rates.push(Number(rate));
      else began = now;
      if (rates.length < seconds) continue;
      result = resultOf(rates, began, now);
      // As its own alarm does.
      child.kill("SIGALRM");
    }
  }
  return { result, said };
}

function resultOf(rates: readonly number[], began: Reading, ended: Reading): Window["result"] {
  const rate = rates.reduce((sum, each) => sum + each, 0) / rates.length;
  const took = (ended.at - began.at) / 1000;
  const [cpu = Number.NaN, cpuOfAll = Number.NaN] = ended.used.map(
    (seconds, which) => ((seconds - (began.used[which] ?? 0)) * 1e6) / took / rate,
  );
  return { rate, cpu, cpuOfAll };
}

/** pgbench's own log, without its first seconds: microseconds a transaction (third column), and when it ended (fifth and sixth). */
function times(folder: string, without: number): number[] {
  return readdirSync(folder).flatMap((name) => {
    const lines = readFileSync(join(folder, name), "utf8").trimEnd().split("\n");
    const read = lines.map((line) => {
      const [, , took, , seconds, micros] = line.split(" ").map(Number);
      return { took: took ?? Number.NaN, at: (seconds ?? 0) + (micros ?? 0) / 1e6 };
    });
    const from = (read[0]?.at ?? 0) + without;
    return read.filter(({ at }) => at >= from).map(({ took }) => took);
  });
}
