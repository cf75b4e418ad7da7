import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import pg from "pg";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../test/servers/postgres.ts";
import { dial, dialedState } from "../dial.ts";
import { classify, defaultSettings, loadParser } from "../sql/index.ts";
import { testArrival, testPermit } from "../testing/permit.ts";
import { type ExaminedSession, examination } from "./index.ts";

const schema = `
create table base (id int primary key, n int default 1, note text check (note <> 'no'));
create view inner_view as select id, n from base;
create view v as select * from inner_view where n > 1;
create function f(int) returns int language sql immutable as 'select $1';
create function noted() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger g before update on base for each row execute function noted();
alter table base enable row level security;
create policy p on base using (n > 0);
create role somebody;
create function of_view(int) returns int language sql immutable as 'select $1';
create view calls as select of_view(id) as id from base;
create function of_policy(int) returns bool language sql stable as 'select true';
create table guarded (id int); alter table guarded enable row level security;
create policy p on guarded using (of_policy(id));`;

/** A statement that names `base`, `v` and `f`. */
const statement = "update base set n = f(1) where id in (select id from v)";

const changes = {
  "a function's body":
    "create or replace function f(int) returns int language sql immutable as 'select $1 + 1'",
  "who a function runs as": "alter function f(int) security definer",
  "a function of the same name": "create function f(text) returns int language sql as 'select 1'",
  "a view": "create or replace view v as select * from inner_view where n > 2",
  "a view that a view reads": "create or replace view inner_view as select id, n from base where id > 0",
  "a table's columns": "alter table base add column more text",
  "a column's type": "alter table base alter column note type varchar(80)",
  "a default": "alter table base alter column n set default 2",
  "a constraint": "alter table base add check (n < 100)",
  "a reference to it": "create table child (id int references base on delete cascade)",
  "a trigger": "alter table base disable trigger g",
  "a trigger's function":
    "create or replace function noted() returns trigger language plpgsql as $$ begin return null; end $$",
  "a policy": "alter policy p on base using (true)",
  "row security": "alter table base disable row level security",
  "a rule": "create rule r as on update to base do also notify changed",
  "the owner": "alter table base owner to somebody",
  "another table under its name":
    "alter table base rename to base_2; create table base (id int, n int, note text)",
} as const;

const harmless = {
  "new rows": "insert into base select i from generate_series(1, 100) i",
  statistics: "analyze base",
  "an index": "create index on base (note)",
  "another table": "create table elsewhere (id int)",
} as const;

describe.skipIf(!hasPostgres(15))("what a statement means on the resource", () => {
  let server: PostgresServer;
  let session: ExaminedSession;
  beforeAll(async () => {
    await loadParser();
    server = await startPostgres({ version: 15 });
    await server.sql(schema);
    const config = { host: server.host, port: server.port, user: "postgres", database: "postgres" };
    const permit = () => testPermit(config, server.password);
    session = { config, permit, dialed: dialedState(await dial(permit(), testArrival())) };
  }, 120_000);
  afterAll(() => server?.close());

  const never = new AbortController().signal;
  const asked = (sql: string) => ({
    statements: [{ statement: classify(sql, defaultSettings) }],
    settings: defaultSettings,
    parameters: new Map<string, string>(),
    transaction: undefined,
  });
  const meaning = async (sql = statement) => (await examination(session, asked(sql)).meaning?.(never)) ?? "";

  for (const [what, change] of Object.entries(changes)) {
    test(`is another one after a change of ${what}`, async () => {
      const before = await meaning();
      await server.sql(change);
      expect(await meaning()).not.toBe(before);
    });
  }

  test("is another one after a change of a function that a view or a policy calls", async () => {
    const sql = "select * from calls, guarded";
    const [first, , ...rest] = [
      await meaning(sql),
      await server.sql(
        "create or replace function of_view(int) returns int language sql immutable as 'select 2'",
      ),
      await meaning(sql),
      await server.sql(
        "create or replace function of_policy(int) returns bool language sql stable as 'select false'",
      ),
      await meaning(sql),
    ];
    expect(new Set([first, rest[0], rest[2]]).size).toBe(3);
  });

  for (const [what, change] of Object.entries(harmless)) {
    test(`is the same after ${what}`, async () => {
      const before = await meaning();
      await server.sql(change);
      expect(await meaning()).toBe(before);
    });
  }

  test("what is changed counts, and its triggers are shown, however much a view beside it reads", async () => {
    const many = Array.from({ length: 110 }, (_, at) => `many_${at}`);
    await server.sql(`${many.map((name) => `create table ${name} (id int)`).join(";")};
      create view wide as ${many.map((name) => `select id from ${name}`).join(" union all ")};
      create table aim (id int); create trigger g before insert on aim for each row execute function noted()`);
    const read = classify("insert into aim select id from wide", defaultSettings);
    const under = many.map(
      (name) => ({ effect: "read", on: `public.${name}`, within: "public.wide" }) as const,
    );
    const statements = [{ statement: { ...read, actions: [...under, ...read.actions] } }];
    const one = () => examination(session, { ...asked(""), statements });
    const told: string[] = [];
    await one().examine(({ label, value }) => told.push(`${label}: ${value}`), never);
    expect(told).toContainEqual(expect.stringContaining("trigger: g on public.aim, BEFORE INSERT"));
    const before = await one().meaning?.(never);
    await server.sql("alter table aim disable trigger g");
    expect(await one().meaning?.(never)).not.toBe(before);
  });

  test("is the same whatever temporary tables others make", async () => {
    const other = new pg.Client(server.url());
    await other.connect();
    const before = await meaning();
    await other.query("create temporary table base (id int)");
    expect(await meaning()).toBe(before);
    await other.end();
  });

  test("of a definition: event triggers count", async () => {
    const sql = "alter table elsewhere add column n int";
    const before = await meaning(sql);
    await server.sql(`create function watch() returns event_trigger language plpgsql as $$ begin end $$;
      create event trigger watching on ddl_command_end execute function watch()`);
    expect(await meaning(sql)).not.toBe(before);
    const told: string[] = [];
    await examination(session, asked(sql)).examine(
      ({ label, value }) => told.push(`${label}: ${value}`),
      never,
    );
    expect(told).toContain("event trigger: watching → public.watch()");
  });

  test("what is shown and what an approval binds to are of one moment", async () => {
    const one = examination(session, asked(statement));
    const shown = one.examine(() => {}, never);
    const bound = one.meaning?.(never);
    await shown;
    expect(await bound).toBe(await meaning());
  });
});
