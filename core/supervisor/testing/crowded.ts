import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";

/** Why a processor cannot be taken from a process here; undefined when it can. */
export const cannotCrowd =
  Bun.which("taskset") && Bun.which("chrt") ? undefined : "no taskset and chrt (apt install util-linux)";

/**
 * Gives a process nothing but what others leave of the machine's first processor, and sees to it that they leave next
 * to nothing. What it returns ends that, once or twice.
 */
export function crowd(pid: number): () => void {
  const others = [1, 2].map(() =>
    Bun.spawn(["taskset", "-c", "0", "sh", "-c", "while :; do :; done"], {
      stdio: ["ignore", "ignore", "ignore"],
    }),
  );
  run("taskset", "-a", "-c", "-p", "0", String(pid));
  run("chrt", "-a", "--idle", "-p", "0", String(pid));
  return () => {
    for (const other of others) other.kill("SIGKILL");
    if (!existsSync(`/proc/${pid}`)) return;
    // Whatever else this machine does must not crowd it out in their place.
    run("chrt", "-a", "--other", "-p", "0", String(pid));
    run("taskset", "-a", "-c", "-p", `0-${cpus().length - 1}`, String(pid));
  };
}

function run(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
}
