import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PostgresServer } from "../../../test/servers/postgres.ts";
import { freePort, startProgram } from "../../program.ts";
import type { Peer } from "./peer.ts";

/** HAProxy as a TCP proxy with one thread: moves bytes and looks at none. */
export async function haproxy(server: PostgresServer, folder: string): Promise<Peer> {
  const port = freePort();
  const config = join(folder, "haproxy.cfg");
  writeFileSync(
    config,
    `global
  nbthread 1
  maxconn 5000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen postgres
  bind 127.0.0.1:${port}
  server database 127.0.0.1:${server.port}
`,
  );
  const { pid, close } = await startProgram("haproxy", ["-db", "-f", config], port);
  const { user, password } = server;
  const login = { port, user, password, database: "postgres" };
  const own = { carries: [pid], processes: [pid], cold: false, compiles: false, close };
  return { id: "haproxy", title: "HAProxy", ...login, ...own };
}
