import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LibpqSources } from "./libpq.ts";
import { testLibraries } from "./libraries.ts";
import { pgRegress, type RegressInput } from "./regress.ts";

const cache = join(import.meta.dir, "../.cache/postgresql-15");

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
    libraries: testLibraries(folder, development, 15),
  };
}
