import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";

/** What test/run/postgres-sources.mjs unpacks. */
const kept = join(import.meta.dir, "../.cache/postgresql-15");
const headers = join(kept, "development/usr/include/postgresql/15/server");

/** PostgreSQL 15's own regression tests. */
export const regressFolder = join(kept, "source/src/test/regress");

/** Why this machine cannot run them with a witness; undefined when it can. */
export const lacksWitness: string | undefined =
  existsSync(headers) && existsSync(regressFolder) && Bun.which("gcc")
    ? undefined
    : "no source of PostgreSQL 15 or no compiler (test/run/postgres-sources.mjs; apt install gcc)";

/** A PostgreSQL 15 that writes down what it does, and the libraries that its own tests load. */
export interface WitnessedServer {
  readonly server: PostgresServer;
  /** What `messagesIn` reads. */
  readonly facts: string;
  readonly libraries: string;
  close(): Promise<void>;
}

export async function startWitnessed(): Promise<WitnessedServer> {
  const folder = mkdtempSync(join(tmpdir(), "postern-witness-"));
  chmodSync(folder, 0o777);
  const libraries = join(folder, "libraries");
  compile(join(import.meta.dir, "witness.c"), join(folder, "witness.so"));
  spawnSync("mkdir", [libraries]);
  compile(join(regressFolder, "regress.c"), join(libraries, "regress.so"));
  for (const name of ["autoinc", "refint"]) {
    spawnSync("cp", [`/usr/lib/postgresql/15/lib/${name}.so`, libraries]);
  }
  const facts = join(folder, "facts");
  const server = await startPostgres({
    version: 15,
    settings: {
      log_statement: "none",
      max_prepared_transactions: "2",
      shared_preload_libraries: join(folder, "witness.so"),
      "witness.file": facts,
    },
  });
  const close = async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { server, facts, libraries, close };
}

function compile(source: string, library: string): void {
  const { status, stderr } = spawnSync(
    "gcc",
    ["-O1", "-fPIC", "-shared", `-I${headers}`, "-o", library, source],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`gcc: ${stderr}`);
}
