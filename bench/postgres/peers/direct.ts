import type { PostgresServer } from "../../../test/servers/postgres.ts";
import type { Peer } from "./peer.ts";

export function direct(server: PostgresServer): Peer {
  const { port, user, password } = server;
  const own = { carries: [], processes: [], cold: false, compiles: false, close: async () => {} };
  return { id: "direct", title: "direct", port, user, password, database: "postgres", ...own };
}
