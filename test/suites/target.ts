import type { PostgresServer } from "../servers/postgres.ts";

/** Where a suite connects, and with what: a server itself, or a gateway before it. */
export interface Target {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly user: "postgres";
  /** The server's password, or a token. */
  readonly password: string;
}

export function direct({ host, port, user, password }: PostgresServer): Target {
  return { host, port, user, password };
}

/** What tells libpq, and who understands its environment, where to connect. */
export function environment(target: Target, database: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "",
    LC_ALL: "C",
    PGHOST: target.host,
    PGPORT: `${target.port}`,
    PGUSER: target.user,
    PGPASSWORD: target.password,
    PGDATABASE: database,
  };
}
