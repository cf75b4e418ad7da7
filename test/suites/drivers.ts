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
  /** The name of one that failed, where the output shows it; absent: the first one ends its file. */
  readonly failed?: RegExp;
  /** What it asks of a server beside the defaults: lines of pg_hba.conf, settings; databases that it makes itself. */
  readonly hba?: readonly string[];
  readonly settings?: Readonly<Record<string, string>>;
  readonly databases?: readonly string[];
  /** Tests by their names whose outcome is another one through the gateway on purpose, and why. */
  readonly byDesign: Readonly<Record<string, string>>;
}

const name =
  "on the server a session's application_name is the gateway's word for it, with the client's before";
const user = "the user name is not looked at: the token says who it is";
const password = "the server's users and their passwords are nobody's way in: callers show tokens";

/** By name. The folder is the driver's own: its package, with its tests and what they require installed. */
export const driverSuites: Readonly<Record<"node-postgres" | "postgres.js", DriverSuite>> = {
  /** packages/pg of node-postgres. */
  "node-postgres": {
    before: ["script/create-test-tables.js"],
    files: (folder) => filesIn(folder, "test/integration", /-tests\.js$/),
    passed: /✔/g,
    byDesign: {
      "No default appliation_name": name,
      "fallback_application_name is used": name,
      "application_name is used": name,
      "application_name has precedence over fallback_application_name": name,
      "application_name from connection string": name,
      "application_name is read from the env": name,
      "non-query error with callback": user,
      "when connecting to an invalid host with callback": user,
      "when connecting to invalid host with promise": user,
      "non-query error": user,
    },
  },
  /** postgres.js: one file that makes its own users and databases. */
  "postgres.js": {
    files: () => ["tests/index.js"],
    passed: /✅/g,
    failed: /^⛔️ (.*) at line \d+ (?:failed|never finished)/gm,
    hba: ["host all postgres_js_test 127.0.0.1/32 trust", "host all postgres_js_test_md5 127.0.0.1/32 md5"],
    settings: { wal_level: "logical" },
    databases: ["postgres_js_test"],
    byDesign: {
      "responds with server parameters (application_name)": name,
      "has server parameters": name,
      "Login using MD5": password,
      "Login using scram-sha-256": password,
      "Parallel connections using scram-sha-256": password,
      "Support dynamic password function": password,
      "Support dynamic async password function": password,
      "requests works after single connect_timeout": password,
    },
  },
};

export type Driver = keyof typeof driverSuites;

export interface FileOutcome {
  /** The exit code of its process; 124: it took longer than its time. */
  readonly code: number;
  readonly passed: number;
  /** Of those that failed, where the suite names them. */
  readonly failed: readonly string[];
  readonly output: string;
}

/** Milliseconds a file may take. */
const mostTime = 300_000;

/** Each file of the suite in a process of its own, with what libpq's environment says to connect to. */
export async function driverTests(
  driver: Driver,
  folder: string,
  target: Target,
  database: string,
): Promise<ReadonlyMap<string, FileOutcome>> {
  const suite = driverSuites[driver];
  const env = {
    ...environment(target, database),
    HOME: folder,
    PGTESTNOSSL: "1",
    NODE_OPTIONS: `--require=${join(import.meta.dir, "leave-out.cjs")}`,
    POSTERN_LEAVE_OUT: JSON.stringify(Object.keys(suite.byDesign)),
  };
  const outcomes = new Map<string, FileOutcome>();
  for (const file of [...(suite.before ?? []), ...suite.files(folder)]) {
    const child = Bun.spawn(["timeout", `${mostTime / 1000}`, "node", file], {
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
    const failed = suite.failed ? [...output.matchAll(suite.failed)].map(([, named = ""]) => named) : [];
    outcomes.set(file, { code, passed: output.match(suite.passed)?.length ?? 0, failed, output });
  }
  return outcomes;
}

function filesIn(folder: string, below: string, wanted: RegExp): string[] {
  return readdirSync(join(folder, below), { recursive: true, encoding: "utf8" })
    .filter((path) => wanted.test(path))
    .map((path) => join(below, path))
    .sort();
}
