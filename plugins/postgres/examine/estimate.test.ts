import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import pg from "pg";
import type { Finding } from "../../../core/plugin.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../test/servers/postgres.ts";
import { dial, dialedState } from "../dial.ts";
import type { BoundParameters } from "../relay/parameters.ts";
import { classify, defaultSettings, loadParser } from "../sql/index.ts";
import { testArrival, testPermit } from "../testing/permit.ts";
import { type ExaminedSession, examination } from "./index.ts";

const witness = "the witness was called";

/** Says in the server's log that it was called, while it looks as harmless as can be. */
const functions = `
create function witness(int) returns int language plpgsql immutable as $$ begin raise log '${witness}'; return $1; end $$;
create function equal(int, numeric) returns bool language plpgsql immutable as $$
  begin raise log '${witness}'; return $1 = $2::int; end $$;
create function positive(int) returns bool language plpgsql immutable as $$ begin raise log '${witness}'; return $1 > 0; end $$;
create function uuid_of(int8) returns uuid language plpgsql immutable as $$
  begin raise log '${witness}'; return gen_random_uuid(); end $$;
create table t (id int primary key, note text);
insert into t select i, 'x' from generate_series(1, 100) i;
create type mood as enum ('good', 'bad');
create domain small as int check (positive(value));
create domain fixed as int default witness(1);
`;

/** Ways for planning to reach a function that somebody made. `runs`: that plain EXPLAIN is known to run it. */
const ways: readonly { what: string; make?: string; sql: string; drop?: string; runs?: true }[] = [
  { what: "in a condition", sql: "select * from t where id = witness(1)", runs: true },
  { what: "by an attribute's name", sql: "select (1).witness", runs: true },
  { what: "in FROM", sql: "select * from witness(1)", runs: true },
  {
    what: "the predicate of an index",
    make: "create table a1 (id int); create index on a1 (id) where id > witness(5)",
    sql: "select * from a1 where id > 7",
    runs: true,
  },
  {
    what: "the expression of an index",
    make: "create table a2 (id int); create index on a2 (witness(id))",
    sql: "select * from a2",
  },
  {
    what: "the predicate of an index of a partition",
    make: `create table a3 (id int) partition by range (id); create table a3_1 partition of a3 for values from (1) to (100);
      create index on a3_1 (id) where id > witness(5)`,
    sql: "select * from a3 where id > 7",
    runs: true,
  },
  {
    what: "a check constraint",
    make: "create table a4 (id int check (id > witness(0)))",
    sql: "select * from a4 where id = 1",
  },
  {
    what: "a default",
    make: "create table a5 (id int, n int default witness(7))",
    sql: "insert into a5 (id) values (1)",
    runs: true,
  },
  {
    what: "a generated column",
    make: "create table a6 (id int, n int generated always as (id + witness(3)) stored)",
    sql: "update a6 set id = 2",
    runs: true,
  },
  { what: "a domain", make: "create table a7 (id small)", sql: "insert into a7 values (1)" },
  {
    what: "a domain's default",
    make: "create table a8 (id fixed, n int)",
    sql: "insert into a8 (n) values (1)",
    runs: true,
  },
  { what: "a type that the text names", sql: "select * from t where id = 5::small" },
  {
    what: "a view",
    make: "create view v1 as select * from t where id = witness(1)",
    sql: "select * from v1",
    runs: true,
  },
  {
    what: "a rule",
    make: "create table a9 (id int); create rule r as on update to a9 do also select witness(1)",
    sql: "update a9 set id = 2",
    runs: true,
  },
  {
    what: "row security",
    make: "create table b1 (id int); alter table b1 enable row level security; create policy p on b1 using (id > witness(0))",
    sql: "select * from b1",
  },
  {
    what: "extended statistics",
    make: "create table b2 (id int, n int); create statistics s on (id + witness(1)), n from b2",
    sql: "select * from b2 where n = 1",
    runs: true,
  },
  {
    what: "a partition key",
    make: "create table b3 (id int) partition by range ((witness(id))); create table b3_1 partition of b3 default",
    sql: "select * from b3 where id = 1",
  },
  {
    what: "a range of the database's own",
    make: `create function away(int, int) returns float8 language plpgsql immutable as $$ begin raise log '${witness}';
      return $1 - $2; end $$;
      create type span as range (subtype = int4, subtype_diff = away); create table b4 (s span)`,
    sql: "select * from b4",
  },
  {
    what: "a cast between types of the server's own",
    make: "create cast (int8 as uuid) with function uuid_of(int8) as implicit; create table b5 (u uuid)",
    sql: "select * from b5 where u = 5::int8",
    runs: true,
    drop: "drop cast (int8 as uuid)",
  },
  {
    what: "a cast from a table's rows",
    make: `create table b6 (id int); create function txt(b6) returns text language plpgsql immutable as $$
      begin raise log '${witness}'; return ''; end $$; create cast (b6 as text) with function txt(b6)`,
    sql: "select b6::text from b6",
  },
  {
    what: "what somebody made in pg_catalog",
    make: `set allow_system_table_mods = on; create function pg_catalog.handy(int) returns int language plpgsql immutable as $$
      begin raise log '${witness}'; return 1; end $$`,
    sql: "select * from t where id = 1",
    drop: "set allow_system_table_mods = on; drop function pg_catalog.handy(int)",
  },
];

describe.skipIf(!hasPostgres(15))("estimates", () => {
  let server: PostgresServer;
  let session: ExaminedSession;
  beforeAll(async () => {
    await loadParser();
    server = await startPostgres({ version: 15 });
    await server.sql(functions);
    const config = { host: server.host, port: server.port, user: "postgres", database: "postgres" };
    const permit = () => testPermit(config, server.password);
    const dialed = await dial(permit(), testArrival());
    session = { config, permit, dialed: dialedState(dialed) };
  }, 120_000);
  afterAll(() => server?.close());

  async function findingsOf(sql: string, parameters?: BoundParameters): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    const statements = [{ statement: classify(sql, defaultSettings), ...(parameters ? { parameters } : {}) }];
    await examination(session, {
      statements,
      settings: defaultSettings,
      parameters: new Map(),
      transaction: undefined,
    }).examine((finding) => void findings.push(finding), new AbortController().signal);
    return findings;
  }

  async function estimateOf(sql: string, parameters?: BoundParameters): Promise<string | undefined> {
    return (await findingsOf(sql, parameters)).find(({ label }) => label === "row estimate")?.value;
  }

  /** How often the witness was called while this went on. */
  async function calls(during: () => Promise<unknown>): Promise<number> {
    const count = () => server.logged().split(`LOG:  ${witness}`).length;
    const before = count();
    await during();
    await server.sql("select 'all before this is in the log'");
    return count() - before;
  }

  for (const { what, make, sql, drop, runs } of ways) {
    test(`never run what somebody made: ${what}`, async () => {
      if (make) await server.sql(make);
      try {
        let value: string | undefined;
        const called = await calls(async () => {
          value = await estimateOf(sql);
        });
        expect([value, called]).toEqual([expect.stringMatching(/^no estimate: /), 0]);
        if (runs) expect(await calls(() => server.sql(`explain ${sql}`))).toBeGreaterThan(0);
      } finally {
        if (drop) await server.sql(drop);
      }
    });
  }

  test("an operator that hides one of the server's is not the one that is planned", async () => {
    await server.sql(
      "create operator public.= (leftarg = int, rightarg = numeric, function = equal, restrict = eqsel)",
    );
    await server.sql("analyze t");
    const called = await calls(async () => {
      expect(await estimateOf("select * from t where id = 1.5")).toBe("about 1 row returned");
    });
    await server.sql("drop operator public.= (int, numeric)");
    expect(called).toBe(0);
  });

  test("parameters of a type of the database's own are not handed over", async () => {
    const [[oid] = []] = await server.sql("select 'small'::regtype::oid");
    const parameters = { length: 1, oids: [Number(oid)], types: [""], at: () => "1" };
    expect(await estimateOf("select * from t where id = $1", parameters)).toContain(
      "a parameter is of a type",
    );
  });

  test("a value that the server does not take is not quoted", async () => {
    const parameters = { length: 1, oids: [23], types: ["int4"], at: () => "s3cret" };
    expect(await estimateOf("select * from t where id = $1", parameters)).toBe(
      "no estimate: the server does not plan it (22P02)",
    );
  });

  test("are given for what is plain, whatever it is called", async () => {
    await server.sql(`create table "Mixed ""Case" (id int, m mood, ms mood[]); create schema s2; create table s2.twin (id int);
      create table s2.only_there (id int); create table twin (id int); analyze`);
    const one = { length: 1, oids: [0], types: [""], at: () => "good" };
    expect(await estimateOf(`select 'äöü', * from t where note <> '\u{1f512}' -- t`)).toBe(
      "about 100 rows returned",
    );
    expect(await estimateOf(`update "Mixed ""Case" set m = 'good', ms = '{bad}' where m = $1`, one)).toBe(
      `update of about 1 row in Mixed "Case`,
    );
    expect(
      await estimateOf("with gone as (delete from t where id < 11 returning *) select * from gone"),
    ).toMatch(/^about \d+ rows returned, delete of about \d+ rows in t$/);
    expect(await estimateOf("with t as (select * from t) select * from t")).toBe(
      "no estimate: t is a query's name and a relation's",
    );
    expect(await estimateOf("select * from s2.twin")).toMatch(/^about [\d,]+ rows? returned$/);
    expect(await estimateOf("merge into t using s2.twin w on w.id = t.id when matched then delete")).toMatch(
      /^merge of about [\d,]+ rows? in t$/,
    );
  });

  test("are not given for another table than the one that may be meant", async () => {
    const other = new pg.Client(server.url());
    await other.connect();
    await server.sql("create table hid (id int)");
    await other.query("create temporary table hid (id int, n int)");
    expect(await estimateOf("select * from hid")).toBe("no estimate: a temporary hid may hide public.hid");
    expect(await findingsOf("select * from hid")).toContainEqual(
      expect.objectContaining({ label: "relation", severity: "warning" }),
    );
    await other.end();
    expect(await estimateOf("select * from nowhere")).toMatch(/^no estimate: nowhere is not there/);
  });
});
