import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** System calls by name. */
export type Calls = ReadonlyMap<string, number>;

export const canTrace = Bun.which("strace") !== null;

/** Counts the system calls of a process, all threads, while `act` runs. It is many times slower meanwhile. */
export async function traced(pids: readonly number[], act: () => Promise<unknown>): Promise<Calls> {
  const folder = mkdtempSync(join(tmpdir(), "postern-strace-"));
  const file = join(folder, "counts");
  const args = ["-c", "-f", "-o", file, ...pids.flatMap((pid) => ["-p", `${pid}`])];
  const child = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  const attached = new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk;
      if (/attached/.test(said)) resolve();
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`strace: ${said}`)));
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    await attached;
    await act();
    child.kill("SIGINT");
    await exited;
    return counts(readFileSync(file, "utf8"));
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `strace -c`: percent, seconds, microseconds a call, calls, errors if any, name. */
function counts(table: string): Calls {
  const rows = [...table.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/gm)];
  return new Map(
    rows.filter(([, , name]) => name !== "total").map(([, calls, name = ""]) => [name, Number(calls)]),
  );
}
