import { spawnSync } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * A folder of PostgreSQL programs that `owner` can run: `bin` itself, or where a folder above it is
 * closed to others (a clone in /root, run as root) a copy of the whole package in the temp folder.
 */
export function reachableBy(owner: { uid: number; gid: number } | undefined, bin: string): string {
  if (!owner || runs(bin, owner)) return bin;
  const copy = join(tmpdir(), `postern-postgres-${Bun.hash(bin).toString(36)}`);
  const copied = join(copy, "bin");
  if (!existsSync(copied) || !runs(copied, owner))
    cpSync(dirname(bin), copy, { recursive: true, force: true, verbatimSymlinks: true });
  return copied;
}

function runs(bin: string, owner: { uid: number; gid: number }): boolean {
  return spawnSync(join(bin, "postgres"), ["--version"], { ...owner, cwd: "/" }).status === 0;
}
