import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in /proc (USER_HZ), the same on every Linux that we know of. */
const ticks = 100;

/** Seconds of CPU that these processes have used so far, all threads, user and system. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = afterName(pid);
    return sum + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticks;
  }, 0);
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
