import { family } from "../attack.ts";

/** Who the session is, what its settings make of later texts, and the ways out of a read-only transaction. */
const { attacks, refused, unknown, allowed } = family("roles, settings and read-only locks", "read");
const write = "insert into notes values (1, 'x', 'y')";

refused("becomes another role", "set role victim");
refused("becomes another role for a transaction", ["begin", "set local role victim", "commit"]);
refused("becomes nobody", "set role none");
refused("becomes what it was", "reset role");
refused("becomes another user", "set session authorization victim");
refused("becomes the default user", "set session authorization default");
refused("becomes what the session was", "reset session authorization");
refused("sets role as a setting", "set role to 'postgres'");
refused("sets session_authorization as a setting", "set session_authorization = 'victim'");
refused("set_config of role", "select set_config('role', 'victim', false)");
refused("set_config of role in other letters", "select set_config('ROLE', 'victim', false)");
refused(
  "set_config of session_authorization",
  "select pg_catalog.set_config('session_authorization', 'victim', true)",
);
refused("set_config of a column's value", "select set_config(note, 'x', false) from orders");
refused("updates pg_settings", "update pg_settings set setting = 'victim' where name = 'role'");
refused(
  "updates pg_settings by a WITH",
  "with u as (update pg_catalog.pg_settings set setting = 'off' where name = 'fsync' returning 1) select * from u",
);
refused("preloads a library", "set session_preload_libraries = 'x'");
refused("loads a library for the session", "set local_preload_libraries = 'plpgsql'");
refused("writes its statements to the log no more", "set log_statement = 'none'");
refused("writes what it likes to the log", "set log_min_messages = 'debug5'");
refused("checks no function's body", "set check_function_bodies = off");
refused("fires no triggers", "set session_replication_role = replica");
refused("changes where dynamic libraries are", "set dynamic_library_path = '/tmp'");
refused("lets system tables be changed", "set allow_system_table_mods = on");
refused("traces itself", "set debug_print_plan = on; set client_min_messages = debug1");
refused("makes its own setting a store", "select set_config('my.store', email, false) from customers");

refused("writes in a transaction that is read write", ["begin read write", write, "commit"]);
refused("switches read-only off, then writes", ["set default_transaction_read_only = off", write]);
refused("switches it off by set_config, then writes", [
  "select set_config('default_transaction_read_only', 'off', false)",
  write,
]);
refused("switches it off for the transaction, then writes", [
  "begin read only",
  "set transaction read write",
  write,
  "rollback",
]);
refused("switches the characteristics, then writes", [
  "set session characteristics as transaction read write",
  write,
]);
refused("resets all, then writes", ["reset all", write]);
refused("discards all, then writes", ["discard all", write]);
refused("writes by a program though read-only", [
  "begin read only",
  "copy (select 1) to program 'touch {loot}/ran'",
  "rollback",
]);
refused("exports though read-only", ["begin read only", "select lo_export(4242, '{loot}/x')", "rollback"]);

refused("hides a table behind its own schema, then writes", [
  "set search_path = hidden",
  "delete from orders",
]);
unknown("puts its schema before the server's own", "set search_path = hidden, pg_catalog");
refused("puts it there and uses =", ["set search_path = hidden, pg_catalog", "select 1 = 1"]);
refused("puts it there by set_config", [
  "select set_config('search_path', 'hidden, pg_catalog', false)",
  "select 1 = 1",
]);
refused("puts it there quoted", ["set search_path = 'hidden', \"pg_catalog\"", "select upper('x')"]);
refused("puts it there in the message that uses it", "set search_path = hidden, pg_catalog; select 1 = 1");
refused("changes the path and uses it in one message", "set search_path = hidden; select upper('x')");
refused("changes the path in a transaction and rolls it back", [
  "begin",
  "set search_path = hidden, pg_catalog",
  "rollback",
  write,
]);
refused("makes a temporary table of the same name", [
  "create temp table orders (id int)",
  "select * from orders",
]);
refused("calls a temporary function", "select pg_temp.f()");

refused("reads backslashes in strings, then hides a write by one", [
  "set standard_conforming_strings = off",
  `select '\\'; ${write}; --'`,
]);
refused("the same in one message", `set standard_conforming_strings = off; select '\\'; ${write}; --'`);
refused("the same by set_config", [
  "select set_config('standard_conforming_strings', 'off', false)",
  `select '\\'; ${write}; --'`,
]);
refused("reads another encoding, then hides a write behind half a character", [
  "set client_encoding = 'SJIS'",
  {
    query: Buffer.from(
      `73656c65637420275c835c27203b20${Buffer.from(`${write}; --'`).toString("hex")}00`,
      "hex",
    ),
  },
]);
for (const encoding of ["BIG5", "GBK", "LATIN1", "UHC", "SHIFT_JIS_2004", "GB18030", "JOHAB"])
  refused(`reads ${encoding}`, [`set client_encoding to '${encoding}'`]);
refused("SET NAMES", "set names 'GBK'");
refused("another encoding by set_config", "select set_config('client_encoding', 'SJIS', true)");
refused("quotes by a backslash", "set backslash_quote = on");

allowed(
  "harmless settings",
  ["set statement_timeout = '4s'", "set datestyle = 'German'", "select date '2024-12-31'"],
  { shows: "31.12.2024" },
);
allowed(
  "a session that makes itself read-only",
  ["set default_transaction_read_only = on", "select 'locked'"],
  { shows: "locked" },
);
allowed("shows settings", "show search_path", { shows: '"$user", public' });
allowed("shows all settings of a kind", "select name from pg_settings where name = 'work_mem'", {
  shows: "work_mem",
});
allowed("shows a setting by a function", "select current_setting('server_encoding')", { shows: "UTF8" });
allowed("set_config of a harmless one", "select set_config('statement_timeout', '3s', false)", {
  shows: "3s",
});
allowed(
  "UTF8 by its other names",
  ["set client_encoding = 'utf-8'", "set names 'UNICODE'", "select 'Ünïcode ✓'"],
  { shows: "Ünïcode ✓" },
);
allowed(
  "a path of its own, and tables with their schema",
  ["set search_path = hidden", "select note from hidden.orders"],
  { shows: "from the hidden schema" },
);
allowed("strings as the standard has them", ["set standard_conforming_strings = on", "select 'a\\b'"], {
  shows: "a\\b",
});
allowed("discards plans", ["discard plans", "select 'discarded'"], { shows: "discarded" });

export const sessions = attacks;
