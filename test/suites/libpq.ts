import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { environment, type Target } from "./target.ts";

export interface LibpqSources {
  /** The root of PostgreSQL's source. */
  readonly source: string;
  /** Headers and static libraries, where Debian's packages would put them below `/`. */
  readonly development: string;
}

/** By test: what it printed, how it ended, and of a pipeline the trace of all its messages. */
export type Outcomes = ReadonlyMap<string, string>;

/**
 * libpq's own tests in C, in a database that is new: its pipelines, and the examples with their large objects, binary cursors
 * and notifications. `library`: the folder of the libpq that they run with; absent: the system's. What they print of process
 * ids and of the numbers of large objects is left out.
 */
export async function libpqTests(
  sources: LibpqSources,
  target: Target,
  database: string,
  library?: string,
): Promise<Outcomes> {
  const folder = mkdtempSync(join(tmpdir(), "postern-libpq-"));
  const env = { ...environment(target, database), ...(library ? { LD_LIBRARY_PATH: library } : {}) };
  const start = (...command: string[]) => {
    const child = Bun.spawn(command, { cwd: folder, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const said = [
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ] as const;
    return { child, ended: Promise.all(said).then(([out, err, code]) => `${out}${err}ended with ${code}\n`) };
  };
  const run = (...command: string[]) => start(...command).ended;
  const psql = (...sql: string[]) => run("psql", "-Xq", ...sql.flatMap((text) => ["-c", text]));
  const examples = join(sources.source, "src/test/examples");
  const example = (name: string) => compile(sources, join(examples, `${name}.c`), folder);
  try {
    const outcomes = new Map<string, string>();
    const program = compile(sources, join(sources.source, pipelines), folder);
    const names = (await run(program, "tests")).match(/^\w+$/gm) ?? [];
    for (const name of names.filter((each) => !tooLong.has(each))) {
      const trace = join(folder, `${name}.trace`);
      const said = await run(program, "-r", "700", "-t", trace, name, `dbname=${database}`);
      outcomes.set(`pipeline ${name}`, said + (existsSync(trace) ? readFileSync(trace, "utf8") : ""));
    }
    outcomes.set("testlibpq", await run(example("testlibpq"), `dbname=${database}`));

    outcomes.set("testlibpq2.sql", await run("psql", "-Xq", "-f", join(examples, "testlibpq2.sql")));
    const listener = start(example("testlibpq2"), `dbname=${database}`);
    while (listener.child.exitCode === null) await psql("insert into testlibpq2.tbl1 values (10)");
    outcomes.set("testlibpq2", await listener.ended);

    outcomes.set("testlibpq3.sql", await run("psql", "-Xq", "-f", join(examples, "testlibpq3.sql")));
    outcomes.set("testlibpq3", await run(example("testlibpq3"), `dbname=${database}`));
    await psql("create table public.compared as select 1 as one, 'two' as two");
    outcomes.set("testlibpq4", await run(example("testlibpq4"), "compared", database, database));
    // testlo64 is left out: it sends an object of four gigabytes to and fro.
    outcomes.set("testlo", await run(example("testlo"), database, join(examples, "testlo.c"), "exported"));
    outcomes.set("testlo's file", readFileSync(join(folder, "exported"), "latin1"));
    return new Map(
      [...outcomes].map(([name, said]) => [name, said.replace(/(PID|object|oid) \d+/g, "$1 N")]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * It fills all buffers there are, with a quarter of a million INSERTs in one pipeline: the gateway's trail is on disk before each
 * of them goes to the server, which then takes minutes.
 */
const tooLong: ReadonlySet<string> = new Set(["uniqviol"]);

const pipelines = "src/test/modules/libpq_pipeline/libpq_pipeline.c";

/** The path of the program that is made of this one file. */
function compile({ development }: LibpqSources, file: string, folder: string): string {
  const program = join(folder, basename(file, ".c"));
  const headers = ["", "/15/server", "/internal"].map(
    (part) => `-I${development}/usr/include/postgresql${part}`,
  );
  const libraries = ["libpgcommon.a", "libpgport.a"].map((name) =>
    join(development, "usr/lib/postgresql/15/lib", name),
  );
  const args = ["-w", ...headers, "-o", program, file, "-l:libpq.so.5", ...libraries, "-lm"];
  const { status, stderr } = spawnSync("cc", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return program;
}
