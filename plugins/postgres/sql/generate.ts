/**
 * Writes builtins.json from a PostgreSQL 18 server with nothing installed in it:
 * `bun plugins/postgres/sql/generate.ts postgres://postgres@127.0.0.1:5432/postgres`.
 */
import { join } from "node:path";
import pg from "pg";

/**
 * Volatile functions that neither change anything nor read data, files or other sessions. Not setseed: what it is
 * given, random() tells.
 */
const harmless = `array_sample array_shuffle clock_timestamp current_query currval gen_random_uuid lastval
  pg_blocking_pids pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn pg_database_size
  pg_indexes_size pg_is_in_recovery pg_is_wal_replay_paused pg_jit_available pg_last_wal_receive_lsn
  pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_notification_queue_usage pg_partition_ancestors
  pg_partition_tree pg_relation_size pg_safe_snapshot_blocking_pids pg_sleep pg_sleep_for
  pg_sleep_until pg_table_size pg_tablespace_size pg_total_relation_size random random_normal timeofday
  txid_status uuidv4 uuidv7`.split(/\s+/);

/**
 * These, whatever their volatility: they run a query that they are given, read tables and sequences by name, show what
 * other sessions run, run the checks of a type or the operators of a table that they are told the name or OID of, or
 * load a library.
 */
const readers =
  "^(query|table|schema|database|cursor)_to_xml|^ts_stat$|^ts_rewrite$|^dblink|^lo_|^pg_read|^pg_ls_|" +
  "^pg_stat_get_(backend_)?activity$|^pg_sequence_last_value$|^pg_input_|^(domain|record|array|(multi)?range)_in$|" +
  "^satisfies_hash_partition$|^fmgr_.*_validator$";

const unsafe = `pronamespace = 'pg_catalog'::regnamespace and (proname ~ $2 or provolatile = 'v' and proname <> all($1))`;

/** Functions whose answers tools take apart, as in `(aclexplode(relacl)).grantee`. */
const takenApart =
  `^(_pg_expandarray|aclexplode|jsonb?_each(_text)?|pg_identify_object(_as_address)?|pg_options_to_table
  |pg_sequence_parameters|ts_debug|ts_parse|ts_token_type)$`.replace(/\s+/, "");

const queries = {
  functions: `select proname from pg_proc p join pg_namespace n on n.oid = pronamespace where nspname = 'pg_catalog'
    group by proname having bool_and((provolatile <> 'v' or proname = any($1)) and proname !~ $2
      and prokind <> 'p' and prorettype not in ('internal'::regtype, 'trigger'::regtype, 'event_trigger'::regtype,
        'language_handler'::regtype, 'fdw_handler'::regtype, 'index_am_handler'::regtype, 'tsm_handler'::regtype))
      and bool_or(not 'internal'::regtype = any(proargtypes)) order by 1`,
  schemaFunctions: `select 'information_schema.' || proname from pg_proc where pronamespace = 'information_schema'::regnamespace
    and provolatile <> 'v' order by 1`,
  attributes: `select distinct proname from pg_proc where ${unsafe} and pronargs > 0 and pronargs - pronargdefaults <= 1
    order by 1`,
  others: `select proname from pg_proc where ${unsafe} group by proname
    having not bool_or(pronargs > 0 and pronargs - pronargdefaults <= 1) order by 1`,
  rows: `select distinct proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace and pronargs > 0
    and pronargs - pronargdefaults <= 1 and (provariadic <> 0 or proargtypes[0] in ('record'::regtype, '"any"'::regtype,
      'anyelement'::regtype, 'anynonarray'::regtype, 'anycompatible'::regtype, 'anycompatiblenonarray'::regtype)) order by 1`,
  fields: `select distinct name from pg_proc, unnest(proargnames, proargmodes) as argument (name, mode)
    where pronamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) and proname ~ $1
      and mode in ('o', 'b', 't') order by 1`,
  relations: `select relname from pg_class where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v') order by 1`,
  types: `select oid || ' ' || typname from pg_type where typnamespace = 'pg_catalog'::regnamespace and typtype <> 'c' and typtype <> 'p'
    or typname in ('unknown', 'record', 'void') order by oid`,
};

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error("usage: generate.ts URL");
const client = new pg.Client(url);
await client.connect();
const lists: Record<string, string[]> = {};
for (const [name, text] of Object.entries(queries)) {
  const values = name === "fields" ? [takenApart] : [harmless, readers].slice(0, text.includes("$2") ? 2 : 0);
  const { rows } = await client.query<unknown[]>({ text, values, rowMode: "array" });
  lists[name] = wrap(
    rows.map((row) => String(row[0])),
    name === "types" ? "," : " ",
  );
}
await client.end();
await Bun.write(join(import.meta.dirname, "builtins.json"), `${JSON.stringify(lists, undefined, 2)}\n`);

/** Many names a line, so that a change is a small diff and the file is short. */
function wrap(names: string[], separator: string): string[] {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + name.length < 100)
      lines[lines.length - 1] = last + separator + name;
    else lines.push(name);
  }
  return lines;
}
