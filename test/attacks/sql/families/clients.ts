import { extended, family } from "../attack.ts";

/** What ordinary clients ask of themselves: all of it must go on working for who may only read. */
const { attacks, allowed } = family("what clients ask", "read");

allowed(
  "psql \\d",
  `SELECT n.nspname as "Schema", c.relname as "Name",
  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' END as "Type",
  pg_catalog.pg_get_userbyid(c.relowner) as "Owner"
FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r','p','v','m','S','f','') AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast'
  AND n.nspname <> 'information_schema' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2;`,
  { shows: "orders" },
);
allowed(
  "psql \\d orders: find it",
  `SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname OPERATOR(pg_catalog.~) '^(orders)$' COLLATE pg_catalog.default
  AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3;`,
  { shows: "orders" },
);
allowed(
  "psql \\d orders: its columns",
  `SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
  (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d
   WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef),
  a.attnotnull, (SELECT c.collname FROM pg_catalog.pg_collation c, pg_catalog.pg_type t
   WHERE c.oid = a.attcollation AND t.oid = a.atttypid AND a.attcollation <> t.typcollation) AS attcollation,
  a.attidentity, a.attgenerated
FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'orders'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;`,
  { shows: "note" },
);
allowed(
  "psql \\d orders: its indexes",
  `SELECT c2.relname, i.indisprimary, i.indisunique, i.indisclustered, i.indisvalid,
  pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), pg_catalog.pg_get_constraintdef(con.oid, true), contype
FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i
  LEFT JOIN pg_catalog.pg_constraint con ON (conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x'))
WHERE c.oid = 'orders'::regclass AND c.oid = i.indrelid AND i.indexrelid = c2.oid ORDER BY i.indisprimary DESC, c2.relname;`,
  { shows: "orders_pkey" },
);
allowed(
  "psql \\df",
  `SELECT n.nspname, p.proname, pg_catalog.pg_get_function_result(p.oid),
 pg_catalog.pg_get_function_arguments(p.oid) FROM pg_catalog.pg_proc p
 LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE pg_catalog.pg_function_is_visible(p.oid) AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ORDER BY 1, 2, 4;`,
  { shows: "add_note" },
);
allowed(
  "psql \\du",
  `SELECT r.rolname, r.rolsuper, r.rolinherit, ARRAY(SELECT b.rolname FROM pg_catalog.pg_auth_members m
  JOIN pg_catalog.pg_roles b ON (m.roleid = b.oid) WHERE m.member = r.oid) as memberof
FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY 1;`,
  { shows: "victim" },
);
allowed(
  "psql \\l",
  `SELECT d.datname, pg_catalog.pg_get_userbyid(d.datdba), pg_catalog.pg_encoding_to_char(d.encoding),
  pg_catalog.array_to_string(d.datacl, E'\\n') FROM pg_catalog.pg_database d ORDER BY 1;`,
  { shows: "shop" },
);
allowed(
  "psql \\dn",
  "SELECT n.nspname, pg_catalog.pg_get_userbyid(n.nspowner) FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' ORDER BY 1;",
  { shows: "hidden" },
);
allowed(
  "psql \\d+ of a view",
  "SELECT pg_catalog.pg_get_viewdef('order_view'::regclass, true) LIKE '%note%'",
  {
    shows: "t",
  },
);
allowed(
  "psql's tab completion",
  "SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relkind IN ('r','v') AND substring(pg_catalog.quote_ident(c.relname),1,3)='ord' AND pg_catalog.pg_table_is_visible(c.oid) LIMIT 1000",
  { shows: "orders" },
);
allowed("psql \\sf", "SELECT pg_catalog.pg_get_functiondef('harmless_tax'::regproc) is not null", {
  shows: "t",
});
allowed(
  "psql \\conninfo",
  "select current_setting('server_version_num')::int > 150000, inet_server_port() > 0",
  { shows: "t" },
);
allowed(
  "JDBC: types",
  `SELECT typinput='pg_catalog.array_in'::regproc as is_array, typtype, typname, pg_type.oid FROM pg_type
  LEFT JOIN (select ns.oid as nspoid, ns.nspname, r.r from pg_namespace as ns
    join (select s.r, (current_schemas(false))[s.r] as nspname from generate_series(1, array_upper(current_schemas(false), 1)) as s(r)) as r
    using (nspname)) as sp ON sp.nspoid = typnamespace WHERE pg_type.oid = 25 ORDER BY sp.r, pg_type.oid DESC`,
  { shows: "text" },
);
allowed(
  "JDBC: primary keys",
  `SELECT result.TABLE_NAME, result.COLUMN_NAME FROM (SELECT ct.relname AS TABLE_NAME, a.attname AS COLUMN_NAME,
  (information_schema._pg_expandarray(i.indkey)).n AS KEY_SEQ, information_schema._pg_expandarray(i.indkey) AS KEYS, a.attnum AS A_ATTNUM
  FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid)
  JOIN pg_catalog.pg_index i ON (a.attrelid = i.indrelid) WHERE ct.relname = 'orders' AND i.indisprimary) result
  where result.A_ATTNUM = (result.KEYS).x`,
  { shows: "orders" },
);
allowed(
  "JDBC: read-only and isolation",
  [
    "SHOW TRANSACTION ISOLATION LEVEL",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "select 'readonly'",
  ],
  { shows: "readonly" },
);
allowed(
  "SQLAlchemy: at connect",
  ["select pg_catalog.version()", "select current_schema()", "show standard_conforming_strings"],
  { shows: "on" },
);
allowed(
  "SQLAlchemy: has_table",
  extended(
    "SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace WHERE pg_catalog.pg_class.relname = $1 AND pg_catalog.pg_class.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm']) AND pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid)",
    ["orders"],
  ),
  { shows: "orders" },
);
allowed(
  "Rails: types",
  "SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type as t LEFT JOIN pg_range as r ON oid = rngtypid WHERE t.typname IN ('int2', 'int4', 'text')",
  { shows: "int4" },
);
allowed(
  "Rails: at connect",
  [
    "SET client_min_messages TO warning",
    "SET standard_conforming_strings = on",
    "SET SESSION timezone TO 'UTC'",
    "SHOW max_identifier_length",
  ],
  { shows: "63" },
);
allowed(
  "Npgsql: at connect",
  "SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid FROM (SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typrelid, typ.typnotnull, typ.relkind, elemtyp.oid AS elemtypoid FROM (SELECT typ.oid, typnamespace, typname, typrelid, typtype, typnotnull, typelem, relkind FROM pg_type AS typ LEFT JOIN pg_class AS cls ON (cls.oid = typ.typrelid)) AS typ LEFT JOIN pg_type AS elemtyp ON elemtyp.oid = typ.typelem) AS t JOIN pg_namespace AS ns ON (ns.oid = typnamespace) WHERE t.typname = 'bool'",
  { shows: "bool" },
);
allowed(
  "pgAdmin: activity",
  "SELECT pid, datname, usename, application_name, state FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' AND application_name = 'bystander'",
  { shows: "bystander" },
);
allowed("pgAdmin: sizes", "SELECT pg_catalog.pg_size_pretty(pg_catalog.pg_database_size('shop')) <> ''", {
  shows: "t",
});
allowed(
  "DBeaver: privileges",
  "SELECT relname, has_table_privilege(oid, 'SELECT') FROM pg_catalog.pg_class WHERE relname = 'orders'",
  { shows: "orders" },
);
allowed(
  "Grafana: a time series",
  "SELECT date_trunc('hour', now()) = date_trunc('hour', now()) AS time, count(*)::float FROM orders WHERE now() > now() - interval '6 hours' GROUP BY 1",
  { shows: "3" },
);
allowed(
  "Prisma: the information schema",
  "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'orders' ORDER BY ordinal_position",
  { shows: "note" },
);
allowed(
  "pg_dump: begins",
  [
    "BEGIN",
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "LOCK TABLE public.orders IN ACCESS SHARE MODE",
    "COPY public.orders (id, note) TO stdout",
    "COMMIT",
  ],
  { shows: "1\tfirst\n" },
);
allowed("a health check", "SELECT 1", { shows: "1" });
allowed("a pooler's reset", ["DISCARD ALL", "select 'reset'"], { shows: "reset" });
allowed(
  "settings and their sources",
  "select name, setting, unit, context from pg_settings where name like 'max_c%' order by 1",
  { shows: "max_connections" },
);
allowed(
  "comments and sizes of indexes",
  "select i.indexrelid::regclass, obj_description(i.indexrelid), pg_relation_size(i.indexrelid) >= 0 from pg_index i where i.indrelid = 'customers'::regclass order by 1",
  { shows: "customers_pkey" },
);

export const clients = attacks;
