import { chownSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresServer, unprivileged } from "../../../test/servers/postgres.ts";
import { freePort, startProgram } from "../../program.ts";
import { certificateIn } from "../certificate.ts";
import type { Peer } from "./peer.ts";

/**
 * PgBouncer with a server connection for each session. Warm: it finds one that is open already. Cold: each
 * session opens its own, as a gateway must that logs in for the session. It refuses to run as root.
 */
export async function pgbouncer(
  server: PostgresServer,
  shared: string,
  pool: "warm" | "cold",
): Promise<Peer> {
  const port = freePort();
  const owner = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), "postern-pgbouncer-"));
  const config = join(folder, "pgbouncer.ini");
  const users = join(folder, "users.txt");
  const own = certificateIn(folder);
  const { cert, key } = certificateIn(shared);
  copyFileSync(cert, own.cert);
  copyFileSync(key, own.key);
  const { user, password } = server;
  writeFileSync(users, `"${user}" "${password}"\n`);
  writeFileSync(
    config,
    `[databases]
postgres = host=127.0.0.1 port=${server.port} dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
client_tls_sslmode = allow
client_tls_cert_file = ${own.cert}
client_tls_key_file = ${own.key}
server_tls_sslmode = disable
pool_mode = session
default_pool_size = 2100
max_client_conn = 2100
ignore_startup_parameters = extra_float_digits
${pool === "cold" ? "server_lifetime = 0" : ""}
log_connections = 0
log_disconnections = 0
`,
  );
  if (owner)
    for (const path of [folder, config, users, own.cert, own.key]) chownSync(path, owner.uid, owner.gid);
  const { pid, close } = await startProgram("pgbouncer", [config], port, owner);
  const stop = async () => {
    await close();
    rmSync(folder, { recursive: true });
  };
  const title = pool === "warm" ? "PgBouncer" : "PgBouncer cold";
  const login = { port, user, password, database: "postgres" };
  return {
    id: `pgbouncer-${pool}`,
    title,
    ...login,
    carries: [pid],
    processes: [pid],
    cold: pool === "cold",
    compiles: false,
    close: stop,
  };
}
