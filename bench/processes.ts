import { readdirSync, readFileSync } from "node:fs";
import { processClock } from "./cpu-clock.ts";

/** Seconds of CPU that these processes have used so far, all threads, user and system. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + processClock(pid), 0) / 1e6;
}

/** Clock ticks a second in /proc (USER_HZ), the same on every Linux that we know of. */
const ticks = 100;

/** The same, and of the processes that they started and that have ended: cutime and cstime (proc(5)). */
export function cpuSecondsEver(pids: readonly number[]): number {
  const ended = pids
    .map((pid) => afterName(pid))
    .flatMap((all) => [Number(all[13] ?? 0), Number(all[14] ?? 0)]);
  return cpuSeconds(pids) + ended.reduce((sum, value) => sum + value, 0) / ticks;
}

/** A share of one processor that is as good as none. */
const rest = { share: 0.15, look: 50, limit: 15_000 };

/** Kept when these processes have caught up with what they do after the traffic (the index), or never seem to. */
export async function atRest(pids: readonly number[]): Promise<void> {
  const until = performance.now() + rest.limit;
  do {
    const [before, at] = [cpuSeconds(pids), performance.now()];
    await Bun.sleep(rest.look);
    if ((cpuSeconds(pids) - before) / ((performance.now() - at) / 1000) <= rest.share) return;
  } while (performance.now() < until);
}

/** Bytes of memory of these processes' own, in RAM (RssAnon). */
export function ownBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const own = /^RssAnon:\s+(\d+) kB/m.exec(proc(pid, "status"))?.[1];
    return sum + Number(own ?? 0) * 1024;
  }, 0);
}

/** The process and all that descend from it. */
export function family(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(afterName(Number(name))[1]) }));
  const found = [pid];
  for (const one of found) {
    found.push(...parents.filter(({ parent }) => parent === one).map((child) => child.pid));
  }
  return found;
}

export function commandLine(pid: number): string {
  return proc(pid, "cmdline").replaceAll("\0", " ");
}

/** Fields of /proc/PID/stat from the third, the state, on. */
function afterName(pid: number): string[] {
  return proc(pid, "stat")
    .replace(/^.*\) /s, "")
    .split(" ");
}

function proc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
