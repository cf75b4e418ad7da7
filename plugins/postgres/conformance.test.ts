import { describe } from "bun:test";
import pg from "pg";
import { protocolConformance } from "../../core/testing/index.ts";
import { hasPostgres, startPostgres } from "../../test/servers/postgres.ts";
import { postgres } from "./index.ts";

const password = "canary-resource-credential";
const select = { text: "select email from customers where id = 1", effect: "read" } as const;

describe.skipIf(!hasPostgres(18))("a real PostgreSQL 18 and node-postgres", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  protocolConformance({
    async start() {
      server = await startPostgres({ version: 18, password });
      await server.sql("create table customers (id int, email text, city text)");
      await server.sql("insert into customers values (1, 'ann@example.com', 'here')");
      return { host: server.host, port: server.port, stop: () => server.close() };
    },
    resource: ({ host, port }) =>
      postgres({
        ...{ host, port, user: "postgres", database: "postgres" },
        credential: { label: "canary", read: async () => password },
      }),
    async connect({ host, port, token, resource }) {
      const client = new pg.Client({ host, port, user: "alice", password: token, database: resource });
      let lost: (error: Error) => void = () => {};
      const gone = new Promise<never>((_, reject) => {
        lost = reject;
      });
      gone.catch(() => {});
      client.on("error", lost);
      client.on("end", () => lost(new Error("the connection is closed")));
      await client.connect();
      return {
        ask: (text) =>
          Promise.race([
            gone,
            client.query(text).then(
              ({ rows }) => JSON.stringify(rows),
              (error: Error) => {
                if (!("severity" in error) || error.severity === "FATAL") throw error;
                return error.message;
              },
            ),
          ]),
        close: () =>
          void (
            client as unknown as { connection: { stream: { destroy(): void } } }
          ).connection.stream.destroy(),
      };
    },
    read: { ...select, shows: "ann@example.com" },
    write: { text: "update customers set city = 'there' where id = 1", effect: "write" },
    nonsense: "open sesame",
    // The catalogue is read over a connection of its own.
    keeps: 1,
    slow: { text: "select pg_sleep(30)", effect: "read" },
    unasked: {
      before: "listen news",
      provoke: async () => void (await server.sql("notify news, 'ann@example.org'")),
      shows: "ann@example.org",
    },
  });
});
