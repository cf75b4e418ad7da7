import { readdirSync } from "node:fs";
import { join } from "node:path";
import { environment, type Target } from "./target.ts";

/** How a driver's own suite is run, file by file, in its folder. */
interface DriverSuite {
  /** Makes the tables that all files want; absent: there are none. */
  readonly before?: readonly string[];
  files(folder: string): readonly string[];
  /** Tests that passed, as their output shows them. */
  readonly passed: RegExp;
}

/** By name. The folder is the driver's own: its package, with its tests and what they require installed. */
export const driverSuites = {
  /** packages/pg of node-postgres. */
  "node-postgres": {
    before: ["script/create-test-tables.js"],
    files: (folder) => filesIn(folder, "test/integration", /-tests\.js$/),
    passed: /✔/g,
  },
  /** postgres.js: one file that makes its own users and databases. */
  "postgres.js": {
    files: () => ["tests/index.js"],
    passed: /✅/g,
  },
} as const satisfies Record<string, DriverSuite>;

export type Driver = keyof typeof driverSuites;

export interface FileOutcome {
  /** The exit code of its process; 124: it took longer than a minute. */
  readonly code: number;
  readonly passed: number;
  readonly output: string;
}

/** Each file of the suite in a process of its own, with what libpq's environment says to connect to. */
export async function driverTests(
  driver: Driver,
  folder: string,
  target: Target,
  database: string,
): Promise<ReadonlyMap<string, FileOutcome>> {
  const suite: DriverSuite = driverSuites[driver];
  const env = { ...environment(target, database), HOME: folder, PGTESTNOSSL: "1" };
  const outcomes = new Map<string, FileOutcome>();
  for (const file of [...(suite.before ?? []), ...suite.files(folder)]) {
    const child = Bun.spawn(["timeout", "60", "node", file], {
      cwd: folder,
      env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    const output = out + err;
    outcomes.set(file, { code, passed: output.match(suite.passed)?.length ?? 0, output });
  }
  return outcomes;
}

function filesIn(folder: string, below: string, wanted: RegExp): string[] {
  return readdirSync(join(folder, below), { recursive: true, encoding: "utf8" })
    .filter((path) => wanted.test(path))
    .map((path) => join(below, path))
    .sort();
}
