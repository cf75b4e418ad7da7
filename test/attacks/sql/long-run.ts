import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What the last long run came to, of one server. Committed, so that it says of which code it was. */
export interface LongRun {
  /** Of which the code was; "" outside a clone. */
  readonly commit: string;
  readonly seed: number;
  readonly cases: number;
  /** How many mutants it was to play. It is finished once all of them are kept or torn. */
  readonly of: number;
  /** Those played: which mean to the server what their originals mean, and which may mean anything. */
  readonly mutants: { readonly kept: number; readonly torn: number };
  /** Kept ones that were refused, and those of them with the very words of their original's refusal. */
  readonly refused: { readonly all: number; readonly inTheSameWords: number };
  readonly findings: readonly string[];
}

const file = join(import.meta.dir, "last-long-run.json");

/** By server: `PostgreSQL 18`. */
export function longRuns(): Readonly<Record<string, LongRun>> {
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, LongRun>;
}

/** Written after each batch: a run that was cut off goes on where it was, and each server may have a process of its own. */
export function writeLongRun(server: string, run: LongRun): void {
  const all = Object.entries({ ...longRuns(), [server]: run }).sort(([one], [other]) =>
    one < other ? -1 : 1,
  );
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`);
}

/** How many it has played. */
export function playedOf({ mutants: { kept, torn } }: Pick<LongRun, "mutants">): number {
  return kept + torn;
}

/** Where the same run was cut off: of the same code, seed and cases, and not finished. */
export function cutOff(
  server: string,
  { commit, seed, cases, of }: Pick<LongRun, "commit" | "seed" | "cases" | "of">,
): LongRun | undefined {
  const last = longRuns()[server];
  const same =
    last !== undefined &&
    commit !== "" &&
    [last.commit, last.seed, last.cases, last.of].join() === [commit, seed, cases, of].join();
  return same && playedOf(last) < of ? last : undefined;
}

/** The commit whose code is played. */
export function commitPlayed(): string {
  const asked = spawnSync("git", ["rev-parse", "HEAD"], { cwd: import.meta.dir, encoding: "utf8" });
  return asked.status === 0 ? asked.stdout.trim() : "";
}
