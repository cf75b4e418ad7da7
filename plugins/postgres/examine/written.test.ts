import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import pg from "pg";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../test/servers/postgres.ts";
import { dial, dialedState } from "../dial.ts";
import { classify, defaultSettings, loadParser } from "../sql/index.ts";
import { testArrival, testPermit } from "../testing/permit.ts";
import { type ExaminedSession, examination } from "./index.ts";
import { literalFinding } from "./literals.ts";

const schema = `
create table "Parent" (id int primary key, n int);
create table child (id int primary key, parent int references "Parent");
create table grandchild (id int, child int references child on delete cascade);
insert into "Parent" values (1), (2); insert into child values (1, 1), (2, null);
create table watched (id int);
create function noted() returns trigger language plpgsql as $$ begin raise notice 'fired %', tg_name; return new; end $$;
create trigger usual before insert on watched for each row execute function noted();
create trigger copied before insert on watched for each row execute function noted();
create trigger ever before insert on watched for each row execute function noted();
create trigger never before insert on watched for each row execute function noted();
alter table watched enable replica trigger copied;
alter table watched enable always trigger ever;
alter table watched disable trigger never;`;

/** Each runs on a real server, whose pg_locks are the oracle. */
const writes = [
  "insert into child values (3, 2)",
  "update child set parent = 2 where id = 2",
  'update "Parent" set id = 3 where id = 2',
  'delete from "Parent" where id = 2',
];

describe.skipIf(!hasPostgres(15))("what is written to", () => {
  let server: PostgresServer;
  let session: ExaminedSession;
  let client: pg.Client;
  beforeAll(async () => {
    await loadParser();
    server = await startPostgres({ version: 15 });
    await server.sql(schema);
    const config = { host: server.host, port: server.port, user: "postgres", database: "postgres" };
    const permit = () => testPermit(config, server.password);
    session = { config, permit, dialed: dialedState(await dial(permit(), testArrival())) };
    client = new pg.Client(server.url());
    await client.connect();
  }, 120_000);
  afterAll(async () => {
    await client?.end();
    await server?.close();
  });

  async function told(sql: string, label: string): Promise<readonly string[]> {
    const found: string[] = [];
    const statements = [{ statement: classify(sql, defaultSettings) }];
    const asked = { statements, settings: defaultSettings, parameters: new Map(), transaction: undefined };
    await examination(session, asked).examine((finding) => {
      if (finding.label === label) found.push(finding.value);
    }, new AbortController().signal);
    return found;
  }

  for (const sql of writes) {
    test(`${sql}: all that is locked at the other ends of its foreign keys is told`, async () => {
      await client.query("begin");
      await client.query(sql);
      const { rows } = await client.query(`select 'public.' || quote_ident(c.relname) as name from pg_locks l
        join pg_class c on c.oid = l.relation where l.pid = pg_backend_pid() and c.relkind = 'r'
        group by 1 having bool_and(l.mode <> 'RowExclusiveLock') and bool_or(l.mode = 'RowShareLock')`);
      await client.query("rollback");
      const locks = (await told(sql, "lock")).join();
      expect(rows.length).toBeGreaterThan(0);
      for (const { name } of rows)
        expect(locks.replaceAll('"', "")).toContain(`ROW SHARE on ${name}`.replaceAll('"', ""));
    });
  }

  test("a trigger says under which session_replication_role it fires", async () => {
    const fired: string[] = [];
    client.on("notice", ({ message }) => fired.push(message?.replace("fired ", "") ?? ""));
    await client.query("begin; insert into watched values (1); set local session_replication_role = replica");
    expect(fired.splice(0)).toEqual(["ever", "usual"]);
    await client.query("insert into watched values (1)");
    await client.query("rollback");
    expect(fired).toEqual(["copied", "ever"]);
    const shown = await told("insert into watched values (1)", "trigger");
    expect(shown.map((text) => text.replace(/ on .*\)/, ""))).toEqual([
      "copied, only where session_replication_role is replica",
      "ever, whatever session_replication_role is",
      "usual",
    ]);
  });
});

describe("what a literal means", () => {
  const finding = (told: Record<string, string>) => literalFinding((setting) => told[setting])?.value;

  test("is told where dates and times are not read as they usually are", () => {
    expect(
      finding({ DateStyle: "ISO, MDY", IntervalStyle: "postgres", TimeZone: "Etc/UTC" }),
    ).toBeUndefined();
    expect(finding({ DateStyle: "SQL, DMY", TimeZone: "Europe/Paris" })).toBe(
      "DateStyle is SQL, DMY; TimeZone is Europe/Paris",
    );
    expect(finding({ TimeZone: "<secret>5" })).toBe("TimeZone is one of its own");
  });
});
