import { extended, family } from "../attack.ts";

/** The server's own functions that change it, reach its files, its other sessions, other servers. */
const { attacks, refused, unknown, allowed } = family("functions of the server", "read");

refused("takes the next number of a sequence", "select nextval('invoice_no')");
refused(
  "takes it where it is a default",
  "select pg_get_expr(adbin, adrelid), nextval('orders_id_seq') from pg_attrdef limit 1",
);
refused("sets a sequence", "select setval('invoice_no', 1000, true)");
refused("takes a number by attribute notation", "select ('invoice_no'::regclass).nextval");
refused("takes a number in a condition", "select 1 where nextval('invoice_no'::regclass) > 0");
refused("takes a number in ORDER BY", "select id from orders order by nextval('invoice_no')");
refused("takes a number in LIMIT", "select id from orders limit (select nextval('invoice_no'))");
refused("takes a number qualified", 'select "pg_catalog"."nextval"(\'invoice_no\')');
refused("reads a file", "select pg_read_file('/etc/passwd')");
refused("reads a file by attribute notation", "select ('/etc/passwd'::text).pg_read_file");
refused("reads a file of its data folder", "select pg_read_binary_file('PG_VERSION')");
refused("lists a folder", "select * from pg_ls_dir('/')");
refused("lists the log", "select * from pg_ls_logdir()");
refused("lists the write-ahead log", "select name from pg_ls_waldir()");
refused("asks for a file's size", "select (pg_stat_file('/etc/passwd')).size");
refused("imports a file as a large object", "select lo_import('/etc/passwd')");
refused("exports a large object to a file", "select lo_export(4242, '{loot}/exported')");
refused("makes a large object", "select lo_create(0)");
refused("makes one the old way", "select lo_creat(131072)");
refused("makes one of bytes", "select lo_from_bytea(0, 'x')");
refused("writes to a large object", "select lo_put(4242, 0, 'x')");
refused("reads a large object", "select lo_get(4242)");
refused("removes a large object", "select lo_unlink(4242)");
refused("opens one and writes", ["begin", "select lowrite(lo_open(4242, 131072), 'x')", "commit"]);
refused(
  "terminates other sessions",
  "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'bystander'",
);
refused(
  "cancels other sessions",
  "select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'bystander'",
);
refused("reloads the configuration", "select pg_reload_conf()");
refused("rotates the log", "select pg_rotate_logfile()");
refused("switches the write-ahead log", "select pg_switch_wal()");
refused("makes a restore point", "select pg_create_restore_point('x')");
refused("writes into the write-ahead log", "select pg_logical_emit_message(false, 'x', 'y')");
refused("writes into it within a transaction", "select pg_logical_emit_message(true, 'x', 'y'::bytea)");
refused("makes a physical slot", "select pg_create_physical_replication_slot('x')");
refused("makes a logical slot", "select * from pg_create_logical_replication_slot('x', 'test_decoding')");
refused("drops a slot", "select pg_drop_replication_slot('witness_shop')");
refused(
  "reads on in somebody's slot",
  "select * from pg_logical_slot_get_changes('witness_shop', null, null)",
);
refused("looks at all changes", "select * from pg_logical_slot_peek_changes('witness_shop', null, null)");
refused("makes a replication origin", "select pg_replication_origin_create('x')");
refused("begins a backup", "select pg_backup_start('x')");
refused("resets statistics", "select pg_stat_reset()");
refused("resets shared statistics", "select pg_stat_reset_shared('bgwriter')");
refused("promotes", "select pg_promote()");
refused("takes an advisory lock", "select pg_advisory_lock(1)");
refused("tries an advisory lock", "select pg_try_advisory_lock(7) from orders");
refused("takes one for a transaction", "select pg_advisory_xact_lock_shared(1, 2)");
refused("gives advisory locks back", "select pg_advisory_unlock_all()");
refused("notifies by a function", "select pg_notify('jobs', 'x')");
refused("exports a snapshot", [
  "begin isolation level repeatable read",
  "select pg_export_snapshot()",
  "commit",
]);
refused("runs a query given as text", "select query_to_xml('delete from orders', true, false, '')");
refused(
  "runs one with its schema",
  "select query_to_xml_and_xmlschema('insert into notes values (1)', true, false, '')",
);
refused("reads a table by name", "select table_to_xml('orders', true, false, '')");
refused("reads a cursor by name", "select cursor_to_xml('c', 1, true, false, '')");
refused("reads a whole schema", "select schema_to_xml('public', true, false, '')");
refused("reads the whole database", "select database_to_xml(true, false, '')");
refused("runs a query for its words", "select * from ts_stat('select to_tsvector(add_note(''x''))')");
refused(
  "runs a query for its rewriting",
  "select ts_rewrite('a & b'::tsquery, 'select ''a''::tsquery, add_note(''x'')::tsquery')",
);
refused("opens a connection by dblink", "select dblink_connect('c', 'dbname=shop user=postgres')");
refused(
  "runs a write by dblink",
  "select * from dblink('dbname=shop', 'delete from orders returning id') as t (id int)",
);
refused("executes by dblink", "select dblink_exec('dbname=shop', 'delete from orders')");
refused(
  "dblink inside of a function's argument",
  "select upper((select dblink_exec('dbname=shop', 'drop table orders')))",
);
refused("asks a foreign server for its tables", "select postgres_fdw_get_connections()");
refused("writes a file by adminpack", "select pg_file_write('{loot}/x', 'x', false)");
refused("compares the server's log", "select pg_current_logfile(), pg_ls_logdir()");
refused("seeds random()", "select setseed(0.5)");
refused("imports collations", "select pg_import_system_collations('pg_catalog')");
refused("logs another session's memory", "select pg_log_backend_memory_contexts(pg_backend_pid())");
refused("summarises an index", "select gin_clean_pending_list('customers_pkey'::regclass)");
refused("a function in a FROM clause", "select * from rows_of_notes()");
refused(
  "one of two in ROWS FROM",
  "select * from rows from (generate_series(1, 2), add_note('x')) as t (a, b)",
);
refused("in VALUES", "values (1, add_note('x'))");
refused("in a FILTER", "select count(*) filter (where add_note('x') is null) from orders");
refused(
  "in a window's frame",
  "select sum(id) over (order by id rows between nextval('invoice_no') preceding and current row) from orders",
);
refused("in GROUP BY ROLLUP", "select count(*) from orders group by rollup (add_note(note))");
refused("in TABLESAMPLE's argument", "select * from orders tablesample bernoulli (length(add_note('x')))");
refused("in OFFSET", "select 1 offset length(add_note('')) ");
refused("in an array's subscript", "select (array[1,2])[length(add_note('x'))]");
refused("in a JSON constructor", "select json_build_object('a', add_note('x'))");
refused("in XMLELEMENT", "select xmlelement(name a, xmlattributes(add_note('x') as b))");
refused("in an ORDER BY of an aggregate", "select string_agg(note, ',' order by add_note(note)) from orders");
refused("in JOIN … ON", "select 1 from orders a join orders b on a.id = b.id and add_note('x') is null");
refused("in CASE that is never reached", "select case when false then add_note('x') end");
refused("in a lateral subquery", "select * from orders o, lateral (select add_note(o.note)) n");
refused("as a parameter's type name", extended("select add_note($1::text)", ["x"]));
unknown("sets a setting of computed name", "select set_config('r' || 'ole', 'victim', false)");

allowed(
  "plain functions",
  "select upper(note), md5(note), length(note), now() is null from orders order by id",
  { shows: "FIRST" },
);
allowed(
  "the session's own state",
  "select current_user, current_database(), version() is not null, pg_backend_pid() > 0",
  { shows: "postgres" },
);
allowed("a sequence's last value", "select last_value, is_called from invoice_no", { shows: "1" });
allowed("sizes", "select pg_size_pretty(pg_relation_size('orders')), pg_total_relation_size('orders') > 0", {
  shows: "t",
});
allowed("random numbers and sleep", "select random() < 1, pg_sleep(0)", { shows: "t" });
allowed("a function that an extension has too", "select gen_random_uuid() is not null", {
  shows: "t",
});
allowed("JSON and XML of a row", "select row_to_json(o) from orders o order by id", {
  shows: '{"id":1,"note":"first","customer":1}',
});
allowed(
  "text search",
  "select ts_rank(to_tsvector('simple', note), 'first'::tsquery) > 0 from orders order by id",
  { shows: "t" },
);
allowed(
  "an immutable function that somebody made is still a call",
  "select count(*) from orders where id > 0",
  { shows: "3" },
);
allowed(
  "generate_series and unnest",
  "select * from generate_series(1, 3) g, unnest(array['a', 'b']) u order by 1, 2 desc",
  { shows: "b" },
);

export const serverFunctions = attacks;
