import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LibpqSources } from "./libpq.ts";
import { pgRegress, type RegressInput } from "./regress.ts";

const cache = join(import.meta.dir, "../.cache/postgresql-15");
const installed = "/usr/lib/postgresql/15/lib";

/** Debian's PostgreSQL 15: its own tests and what they are compiled against; undefined: not unpacked here. */
export function sources15(): LibpqSources | undefined {
  const sources = { source: join(cache, "source"), development: join(cache, "development") };
  return existsSync(join(cache, "version")) ? sources : undefined;
}

/** The regression suite of this source: all of its parallel schedule, or the short one. */
export function regression15({ source, development }: LibpqSources, all: boolean): RegressInput {
  const folder = join(source, "src/test/regress");
  return {
    program: pgRegress(15, "regress"),
    schedule: all ? join(folder, "parallel_schedule") : join(import.meta.dir, "short_schedule"),
    folder,
    libraries: libraries(folder, development),
  };
}

/** regress.so, compiled, and what else the server loads in tests. */
function libraries(folder: string, development: string): string {
  const made = mkdtempSync(join(tmpdir(), "postern-libraries-"));
  const headers = ["15/server", "internal"].map((part) => `-I${development}/usr/include/postgresql/${part}`);
  const args = [
    "-w",
    "-shared",
    "-fPIC",
    ...headers,
    "-o",
    join(made, "regress.so"),
    join(folder, "regress.c"),
  ];
  const { status, stderr } = spawnSync("cc", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  for (const name of ["autoinc.so", "refint.so"]) copyFileSync(join(installed, name), join(made, name));
  return made;
}
