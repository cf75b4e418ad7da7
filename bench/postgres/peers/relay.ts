import { join } from "node:path";
import type { PostgresServer } from "../../../test/servers/postgres.ts";
import { freePort, startProgram } from "../../program.ts";
import type { Peer } from "./peer.ts";

/** A relay in the runtime that Postern is written for: what Postern itself adds is what it costs beyond this. */
export async function relay(server: PostgresServer): Promise<Peer> {
  const port = freePort();
  const entry = join(import.meta.dir, "relay.entry.ts");
  const { pid, close } = await startProgram(process.execPath, [entry, `${port}`, `${server.port}`], port);
  const { user, password } = server;
  const login = { port, user, password, database: "postgres" };
  const own = { carries: [pid], processes: [pid], cold: false, compiles: true, close };
  return { id: "relay", title: "bare relay", ...login, ...own };
}
