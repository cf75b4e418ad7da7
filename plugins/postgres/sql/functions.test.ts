import { expect, test } from "bun:test";
import { classify } from "./classify.ts";
import { statementKinds } from "./statements.ts";
import { expectActions } from "./testing/actions.ts";

await expectActions("what a text calls", [
  ["select a from x left join s.y using (id)", "read public.x; read s.y"],
  ["select set_config('search_path', '', false)", "read setting search_path"],
  ["select set_config('search_path', x, false) from y", "unknown setting search_path; read public.y"],
  ["select set_config(a, 'b', false) from c", "unknown setting * [role]; read public.c"],
  [
    "select set_config('application_name', email, false) from y",
    "read setting application_name; unknown setting application_name; read public.y",
  ],
  [
    "select set_config('work_mem', (select min(z) from y), false)",
    "read setting work_mem; unknown setting work_mem; read public.y",
  ],
  ["select set_config('lock_timeout', $1, true)", "read setting lock_timeout"],
  ["select setseed(card::float8) from y", "execute pg_catalog.setseed; read public.y"],
  ["select (card::float8).setseed from y", "execute pg_catalog.setseed; read public.y"],
  ["select set_config('role', 'x', false)", "grant setting role [role]"],
  ["select rolpassword from pg_authid", "read pg_catalog.pg_authid; grant pg_catalog.pg_authid"],
  ["table pg_catalog.pg_shadow", "read pg_catalog.pg_shadow; grant pg_catalog.pg_shadow"],
  ["table pg_hba_file_rules", "read pg_catalog.pg_hba_file_rules; grant pg_catalog.pg_hba_file_rules"],
  ["table pg_file_settings", "read pg_catalog.pg_file_settings; grant pg_catalog.pg_file_settings"],
  [
    "select current_setting('Primary_conninfo', true)",
    "read setting primary_conninfo; grant setting primary_conninfo",
  ],
  ["show primary_conninfo", "read setting primary_conninfo; grant setting primary_conninfo"],
  ["select current_setting('app.jwt_secret')", "read setting app.jwt_secret"],
  ["select current_setting('primary' || '_conninfo')", "read setting *"],
  ["select ('primary_conninfo'::text).current_setting", "read setting *"],
  ["select s.current_setting from unnest(array['primary_conninfo']) s", "read setting *"],
  ["select current_setting('server_version_num'), current_setting('TimeZone')", "read (none)"],
  ["select setting from pg_show_all_settings()", "read pg_catalog.pg_settings"],
  ["select pg_get_functiondef('f'::regproc)", "read pg_catalog.pg_proc"],
  ["select (1::oid).pg_get_viewdef, pg_get_viewdef('x')", "read pg_catalog.pg_rewrite"],
  ["select * from pg_stat_get_wal_receiver()", "read pg_catalog.pg_stat_wal_receiver"],
  ["select pg_stat_get_backend_client_addr(1)", "read pg_catalog.pg_stat_activity"],
  ["select * from pg_show_all_file_settings()", "execute pg_catalog.pg_show_all_file_settings"],
  ["select * from s.pg_authid, pg_roles", "read s.pg_authid; read pg_catalog.pg_roles"],
  ["select pg_stat_get_activity(null)", "execute pg_catalog.pg_stat_get_activity"],
  ["select (1).pg_stat_get_backend_activity", "execute pg_catalog.pg_stat_get_backend_activity"],
  ["select set_config('my.tenant', '1', true)", "execute setting my.tenant"],
  ["select pg_catalog.set_config('search_path', 'evil, pg_catalog', false)", "unknown setting search_path"],
  ["select now(), lower(a), count(*) from x", "read public.x"],
  ["select nextval('orders_id_seq')", "write public.orders_id_seq"],
  ["select nextval('\"S\".q'), setval('s.q', 1)", "write S.q; write s.q"],
  ["select nextval(x) from y", "write *; read public.y"],
  ["select nextval('q'::regclass)", "write public.q"],
  ["select currval('q')", "read (none)"],
  ["select evil()", "execute public.evil"],
  ["select s.evil(a) from x", "execute s.evil; read public.x"],
  ['select "Evil"(1)', "execute public.Evil"],
  ["select pg_catalog.lower('x')", "read (none)"],
  ["select public.lower('x')", "execute public.lower"],
  ["select pg_read_file('/etc/passwd')", "execute pg_catalog.pg_read_file"],
  ["select ('/etc/passwd'::text).pg_read_file", "execute pg_catalog.pg_read_file"],
  ["select (42).delete_order", "execute public.delete_order"],
  ["select (id).delete_order from y", "execute public.delete_order; read public.y"],
  ["select ((select 42)).delete_order", "execute public.delete_order"],
  ["select 1 from y where (y.id + 1).delete_order is null", "read public.y; execute public.delete_order"],
  ["select (array[42])[1].delete_order", "execute public.delete_order"],
  ["select (aclexplode(relacl)).grantee, ('A'::text).lower from pg_class", "read pg_catalog.pg_class"],
  ["select y.email, (y).* from y", "read public.y"],
  ["update y set a.b = 1", "write public.y; read public.y"],
  ["select f.pg_read_file from pg_catalog.concat('/etc/passwd') f", "execute pg_catalog.pg_read_file"],
  ["select pg_terminate_backend(1)", "execute pg_catalog.pg_terminate_backend"],
  ["select lo_import('/etc/passwd')", "execute pg_catalog.lo_import"],
  ["select * from dblink('x', 'select 1') as t(a int)", "execute public.dblink"],
  ["select query_to_xml('select * from x', true, true, '')", "execute pg_catalog.query_to_xml"],
  ["select table_to_xml('x', true, true, '')", "execute pg_catalog.table_to_xml"],
  ["select database_to_xml(true, true, '')", "execute pg_catalog.database_to_xml"],
  ["select * from pg_ls_dir('/')", "execute pg_catalog.pg_ls_dir"],
  ["select pg_advisory_lock(1)", "execute pg_catalog.pg_advisory_lock"],
  ["select pg_notify('c', 'x')", "execute pg_catalog.pg_notify"],
  ["select pg_reload_conf()", "execute pg_catalog.pg_reload_conf"],
  ["select pg_sleep(1)", "read (none)"],
  // They run the checks of whatever type they are told, and operators of whatever table.
  ["select domain_in('x', 16400, -1)", "execute pg_catalog.domain_in"],
  ["select array_in('{x}', 16400, -1)", "execute pg_catalog.array_in"],
  ["select pg_input_is_valid('x', 'evil')", "execute pg_catalog.pg_input_is_valid"],
  ["select satisfies_hash_partition(16400, 2, 0, 1)", "execute pg_catalog.satisfies_hash_partition"],
  ["select fmgr_c_validator(16400)", "execute pg_catalog.fmgr_c_validator"],
  ["select pg_sequence_last_value('s')", "execute pg_catalog.pg_sequence_last_value"],
  [
    "select lo_get(1), loread(1, 2), lowrite(1, '')",
    "execute pg_catalog.lo_get; execute pg_catalog.loread; execute pg_catalog.lowrite",
  ],
  ["select ts_stat('select 1')", "execute pg_catalog.ts_stat"],
  ["select 1 operator(evil.+) 2", 'execute evil."+"'],
  ["select 1 operator(pg_catalog.+) 2", "read (none)"],
  ["select a from x order by a using operator(evil.<)", 'read public.x; execute evil."<"'],
  ["select * from x tablesample system (1)", "read public.x"],
  ["select * from x tablesample evil (1)", "execute public.evil; read public.x"],
  ["select * from generate_series(1, 3) g", "read (none)"],
  ["select * from unnest(array[1,2]) with ordinality", "read (none)"],
  ["select * from rows from (evil(), generate_series(1,2))", "execute public.evil"],
  ["select * from xmltable('/a' passing evil() columns a int)", "execute public.evil"],
  ["select * from json_table('{}', '$' columns (a int path '$.a'))", "read (none)"],
  [
    "select extract(year from now()), substring('abc' from 1), position('a' in 'b'), trim(' x '), overlay('a' placing 'b' from 1)",
    "read (none)",
  ],
  [
    "select current_user, current_date, session_user, coalesce(a, b), nullif(a, b), greatest(a, b) from x",
    "read public.x",
  ],
  [
    "select sum(a) over (partition by b order by c), rank() over w from x window w as (order by a)",
    "read public.x",
  ],
  [
    "select percentile_cont(0.5) within group (order by a), count(*) filter (where f(a)) from x",
    "execute public.f; read public.x",
  ],
  ["select array_agg(a order by evil(b)) from x", "execute public.evil; read public.x"],
  [
    "select json_object('a': 1), json_arrayagg(a), xmlelement(name x, evil()) from x",
    "execute public.evil; read public.x",
  ],
  ["select case when evil() then 1 else 2 end", "execute public.evil"],
  ["select a[evil()] from x", "execute public.evil; read public.x"],
  ["select * from x limit evil()", "read public.x; execute public.evil"],
  [
    "select * from x group by rollup (evil(a)) having evil2(a)",
    "read public.x; execute public.evil; execute public.evil2",
  ],
  ["select information_schema._pg_expandarray(a) from x", "read public.x"],
  ["select 'x'::regclass, cast(a as int) from x", "read public.x"],
]);

test("what is syntax to PostgreSQL 16 and 17 is mentioned as the call that it is to 15", () => {
  const calls = (text: string) => classify(text).detail.mentions.calls.map(({ name }) => name);
  expect(calls("select json_scalar(1), json_serialize('x'), json('x')")).toEqual([
    "json_scalar",
    "json_serialize",
    "json",
  ]);
  expect(calls("select json_value(a, '$') from x")).toContain("json_value");
  expect(calls("select json_array(1, 2), json_object(), json_arrayagg(a) from x")).toEqual([
    "json_array",
    "json_object",
    "json_arrayagg",
  ]);
});

test("every kind of statement of the parser's grammar is decided on purpose", async () => {
  const types = await Bun.file(Bun.resolveSync("@pgsql/types/types.d.ts", import.meta.dir)).text();
  const kinds = new Set([...types.matchAll(/^export interface (\w+Stmt) /gm)].map(([, kind = ""]) => kind));
  expect(kinds.size).toBeGreaterThan(100);
  // What a statement is made of, and what only PL/pgSQL holds.
  for (const part of ["RawStmt", "SetOperationStmt", "PLAssignStmt"]) kinds.delete(part);
  expect([...kinds].filter((kind) => statementKinds[kind] === undefined)).toEqual([]);
});
