import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import pg from "pg";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../test/servers/postgres.ts";
import { dial, dialedState } from "../dial.ts";
import { classify, defaultSettings, loadParser } from "../sql/index.ts";
import { testArrival, testPermit } from "../testing/permit.ts";
import { type ExaminedSession, examination } from "./index.ts";

const made = "postern_0123456789abcdef0123456789abcd";

describe.skipIf(!hasPostgres(15))("who holds a lock that is in the way", () => {
  let server: PostgresServer;
  let session: ExaminedSession;
  const open: pg.Client[] = [];
  beforeAll(async () => {
    await loadParser();
    server = await startPostgres({ version: 15, settings: { max_prepared_transactions: "2" } });
    await server.sql(`create table t (id int); create table parent (id int) partition by list (id);
      create table part partition of parent for values in (1);
      create role ${made} superuser login password 'made';
      comment on role ${made} is 'postern lease_1: alice via postern ses_9 (https://idp.example.com), gateway gw_1';
      create role fake superuser login password 'made'; comment on role fake is 'postern lease_1: the.boss, gateway gw_1'`);
    const config = { host: server.host, port: server.port, user: "postgres", database: "postgres" };
    const permit = () => testPermit(config, server.password);
    session = { config, permit, dialed: dialedState(await dial(permit(), testArrival())) };
  }, 120_000);
  afterAll(async () => {
    for (const client of open) await client.end();
    await server?.close();
  });

  async function holding(
    sql: string,
    options: { user?: string; password?: string; application?: string } = {},
  ) {
    const { application = "psql", ...login } = options;
    const client = new pg.Client({ connectionString: server.url(login), application_name: application });
    await client.connect();
    open.push(client);
    await client.query(`begin; ${sql}`);
    return client;
  }

  async function holders(sql: string): Promise<string[]> {
    const told: string[] = [];
    const statements = [{ statement: classify(sql, defaultSettings) }];
    await examination(session, {
      statements,
      settings: defaultSettings,
      parameters: new Map(),
      transaction: undefined,
    }).examine(
      ({ label, value }) => label === "lock holder" && told.push(value),
      new AbortController().signal,
    );
    return told;
  }

  const cases: [string, { user?: string; password?: string; application?: string }, RegExp][] = [
    [
      "past the gateway",
      {},
      /^public\.t: "psql" that did not come through this worker, as role postgres holds SHARE \(idle in transaction, in a transaction since \S+Z, process \d+\)$/,
    ],
    [
      "by a role that was made for a session",
      { user: made, password: "made" },
      /^public\.t: alice via postern ses_9 \(https:\/\/idp\.example\.com\) holds SHARE/,
    ],
    [
      "by a role that only says so",
      { user: "fake", password: "made" },
      /^public\.t: "psql" that did not come through this worker, as role fake holds/,
    ],
    [
      "by a name that anybody can give himself",
      { application: "postern:ses_1 bob" },
      /^public\.t: "postern:ses_1 bob" by its own name, as role postgres holds/,
    ],
  ];
  for (const [who, options, expected] of cases) {
    test(who, async () => {
      const client = await holding("lock table t in share mode", options);
      expect(await holders("update t set id = 1")).toEqual([expect.stringMatching(expected)]);
      expect(await holders("select * from t")).toEqual([]);
      await client.query("rollback");
      expect(await holders("update t set id = 1")).toEqual([]);
    });
  }

  test("of a partition, by who waits, and by a prepared transaction", async () => {
    const reader = await holding("select * from part");
    const waiting = await holding("select 1");
    const waits = waiting.query("lock table part in access exclusive mode");
    const both = async () => (await holders("alter table parent add column n int")).length;
    while ((await both()) < 2) await Bun.sleep(5);
    expect(await holders("select * from parent")).toEqual([
      expect.stringMatching(/^public\.part: .* waits for ACCESS EXCLUSIVE/),
    ]);
    await reader.query("rollback");
    await waits;
    await waiting.query("prepare transaction 'kept'");
    expect(await holders("select * from parent")).toEqual([
      "public.part: a prepared transaction holds ACCESS EXCLUSIVE",
    ]);
    await waiting.query("rollback prepared 'kept'");
  });
});
