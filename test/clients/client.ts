/** Where a client under test connects, and as whom. Paths of PEM files. */
export interface Where {
  readonly port: number;
  /** Reads `shop` masked, by token. */
  readonly user: string;
  readonly token: string;
  /** The same by SCRAM. */
  readonly credential: { readonly user: string; readonly password: string };
  /** May do everything. */
  readonly owner: string;
  readonly ca: string;
  /** An authority that did not issue the gateway's certificate. */
  readonly otherCa: string;
  /** The server behind the gateway. */
  readonly server: 15 | 18;
  /** For files of the client's own. */
  readonly folder: string;
}

/** What a client saw: the checks of the table in docs/clients.md. */
export interface Seen {
  readonly version: string;
  /** What it said of a gateway whose certificate leads to another authority. */
  readonly otherCa: string;
  /** `email` of the first customer. */
  readonly masked: string;
  /** The same by a prepared statement with a parameter. */
  readonly prepared: string;
  /** SQLSTATE of a refused DROP TABLE. */
  readonly refused: string;
  /** `select 6 * 7` after it, on the same connection. */
  readonly after: string;
  /** `email` again, logged in by SCRAM with channel binding required; undefined: the client has none. */
  readonly bound?: string | undefined;
  /** SQLSTATE of `pg_sleep` that the client cancels; undefined: not asked of it. */
  readonly cancelled?: string | undefined;
}

export interface Client {
  readonly name: string;
  /** Why it cannot run here; undefined: it can. */
  readonly lacks?: string | undefined;
  see(where: Where): Promise<Seen>;
}

export const email = "select email from customers where id = 1";
export const emailOf = "select email from customers where id = $1";

/** Runs a program and returns what it printed; throws what it said when it fails. */
export async function printed(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  stdin = "",
): Promise<string> {
  const ran = await run(command, environment, stdin);
  if (ran.code !== 0) throw new Error(`${command[0]}: ${ran.stderr}`);
  return ran.stdout.trim();
}

export async function run(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  stdin = "",
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([...command], {
    env: { ...process.env, ...environment },
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, stdout, stderr] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, stdout, stderr };
}
