import { readFileSync } from "node:fs";
import pg from "pg";
import pgManifest from "pg/package.json" with { type: "json" };
import postgres from "postgres";
import { type Client, email, emailOf, type Where } from "./client.ts";

export const nodePostgres: Client = {
  name: "node-postgres",
  async see(where) {
    const connect = async (ca: string) => {
      const ssl = { ca: readFileSync(ca, "utf8"), servername: "localhost" };
      const { port, user, token: password } = where;
      const client = new pg.Client({ host: "localhost", port, database: "shop", user, password, ssl });
      await client.connect();
      return client;
    };
    const first = (answer: pg.QueryResult) => String(Object.values(answer.rows[0] ?? {})[0]);
    const client = await connect(where.ca);
    try {
      return {
        version: pgManifest.version,
        otherCa: await failure(connect(where.otherCa)),
        masked: first(await client.query(email)),
        prepared: first(await client.query({ name: "p", text: emailOf, values: [1] })),
        refused: await failure(client.query("drop table customers")),
        after: first(await client.query("select 6 * 7")),
      };
    } finally {
      await client.end();
    }
  },
};

export const postgresJs: Client = {
  name: "postgres.js",
  async see(where) {
    const connect = (ca: string) => clientOf(where, ca);
    const sql = connect(where.ca);
    const other = connect(where.otherCa);
    try {
      const first = async (rows: Promise<readonly object[]>) =>
        String(Object.values((await rows)[0] ?? {})[0]);
      const slow = sql`select 1 from generate_series(1, 1000000000000)`;
      const cancelled = failure(slow.execute());
      const cancelling = setInterval(() => slow.cancel(), 200);
      const state = await cancelled;
      clearInterval(cancelling);
      return {
        version: postgresVersion(),
        otherCa: await failure(other`select 1`),
        masked: await first(sql.unsafe(email)),
        prepared: await first(sql`select email from customers where id = ${1}`),
        refused: await failure(sql`drop table customers`),
        after: await first(sql`select 6 * 7`),
        cancelled: state,
      };
    } finally {
      await sql.end({ timeout: 1 });
      await other.end({ timeout: 1 });
    }
  },
};

function clientOf(where: Where, ca: string) {
  return postgres({
    host: "localhost",
    port: where.port,
    database: "shop",
    user: where.user,
    password: where.token,
    max: 1,
    onnotice: () => {},
    ssl: { ca: readFileSync(ca, "utf8"), servername: "localhost" },
  });
}

/** Its package exports no manifest. */
export function postgresVersion(): string {
  const manifest = new URL("../../node_modules/postgres/package.json", import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

/** SQLSTATE or code of what it rejects with. */
async function failure(promise: PromiseLike<unknown>): Promise<string> {
  try {
    await promise;
    return "nothing";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
