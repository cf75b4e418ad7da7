import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import pg from "pg";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../test/servers/postgres.ts";
import { classify, defaultSettings, loadParser } from "../sql/index.ts";
import { conflictsOf, type LockMode, lockMode, lockModes, lockName, stronger } from "./lock-modes.ts";
import { neededLocks } from "./locks.ts";
import { nameOf } from "./names.ts";

const schema = `
create table t (id int primary key, n int, note text); create table r (id int primary key);
create table parent (id int) partition by list (id); create table part (id int); create table parent_2 partition of parent for values in (2);
create table old (id int); create index i on t (n); create view v as select * from old; create materialized view m as select 1 as one;
create unique index mi on m (one); create sequence s; alter table t add constraint positive check (n > 0) not valid;
create function f() returns trigger language plpgsql as $$ begin return new; end $$; create trigger g after insert on t
for each row execute function f(); create policy p on t; create statistics st on id, n from t;`;

/** Each runs in a transaction on a real server, whose pg_locks are the oracle. */
const statements = [
  "select * from t",
  "select * from t for update",
  "select * from t join r on r.id = t.id for share of r",
  "insert into t values (1)",
  "insert into t select * from t where exists (select from r)",
  "update t set n = 2 where id in (select id from r)",
  "delete from t using r where r.id = t.id",
  "merge into t using r on r.id = t.id when matched then delete",
  "truncate t",
  "lock table t in share row exclusive mode",
  "lock t, r",
  "drop table t, r",
  "drop view v",
  "drop index i",
  "drop trigger g on t",
  "drop policy p on t",
  "alter table t add column x int",
  "alter table t alter column n set statistics 5",
  "alter table t set (fillfactor = 50)",
  "alter table t set (fillfactor = 50), alter column n set not null",
  "alter table t validate constraint positive",
  "alter table t add foreign key (n) references r",
  "alter table t disable trigger g",
  "alter table t rename column n to m",
  "alter table t owner to postgres",
  "alter table t set schema information_schema",
  "alter table parent attach partition part for values in (1)",
  "alter table parent detach partition parent_2",
  "alter index i rename to j",
  "create index on t (note)",
  "create trigger h before update on t for each row execute function f()",
  "create rule w as on insert to t do nothing",
  "create policy q on t",
  "create statistics st2 on id, note from t",
  "comment on table t is 'x'",
  "create table child (x int references r) inherits (old)",
  "create table parent_3 partition of parent for values in (3)",
  "refresh materialized view m",
  "refresh materialized view concurrently m",
  "reindex table t",
  "reindex index i",
  "cluster t using i",
  "analyze t",
  "copy t to '/dev/null'",
] as const;

describe.skipIf(!hasPostgres(15))("needed locks", () => {
  let server: PostgresServer;
  let client: pg.Client;
  const oids = new Map<number, string>();
  beforeAll(async () => {
    await loadParser();
    server = await startPostgres({ version: 15 });
    await server.sql(schema);
    client = new pg.Client(server.url());
    await client.connect();
    const { rows } = await client.query(
      "select oid, relname from pg_class where relnamespace = 'public'::regnamespace",
    );
    for (const { oid, relname } of rows) oids.set(Number(oid), relname);
  }, 120_000);
  afterAll(async () => {
    await client?.end();
    await server?.close();
  });

  /** By name, the strongest that the statement took on each relation that was there before. */
  async function taken(sql: string): Promise<ReadonlyMap<string, LockMode>> {
    await client.query("begin");
    try {
      await client.query(sql);
      const { rows } = await client.query("select relation, mode from pg_locks where pid = pg_backend_pid()");
      const strongest = new Map<string, LockMode>();
      for (const { relation, mode } of rows) {
        const name = oids.get(Number(relation));
        if (name === undefined) continue;
        const now = lockMode(mode) as LockMode;
        strongest.set(name, stronger(strongest.get(name) ?? "ACCESS SHARE", now));
      }
      return strongest;
    } finally {
      await client.query("rollback");
    }
  }

  for (const sql of statements) {
    test(sql, async () => {
      const server = await taken(sql);
      const needed = neededLocks(classify(sql, defaultSettings), defaultSettings);
      const told = new Map([...needed].map(([on, mode]) => [nameOf(on)?.name ?? "", mode]));
      const compared = [...told].filter(([name]) => server.has(name));
      expect(compared.length).toBeGreaterThan(0);
      expect(compared.map(([name, mode]) => `${name}: ${mode}`)).toEqual(
        compared.map(([name]) => `${name}: ${server.get(name)}`),
      );
    });
  }
});

test("conflicts are mutual, and every mode has its name in pg_locks", () => {
  for (const one of lockModes) {
    expect(lockMode(lockName(one))).toBe(one);
    for (const other of lockModes) {
      expect(conflictsOf(one).includes(other)).toBe(conflictsOf(other).includes(one));
    }
  }
  expect(lockName("SHARE UPDATE EXCLUSIVE")).toBe("ShareUpdateExclusiveLock");
});

test("what was told is read back, and what is no name is none", () => {
  expect(nameOf('public."Mixed ""Case"')).toEqual({ schema: "public", name: 'Mixed "Case' });
  expect(nameOf("*.t")).toEqual({ schema: null, name: "t" });
  for (const on of ["(none)", "*", "setting search_path", "cursor c", "do block"])
    expect(nameOf(on)).toBeUndefined();
});
