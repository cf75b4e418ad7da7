import { extended, family } from "../attack.ts";

/** Masked values that leave by something else than a result's cells: errors, notices, statistics, other sessions. */
const { attacks, refused, allowed } = family("masked values by a side door", "mask");

for (const [tries, sql] of [
  ["a cast that fails", "select email::int from customers"],
  ["a cast that fails of a part", "select split_part(email, '@', 1)::date from customers"],
  ["a cast of a row that fails", "select c::text::int from customers c"],
  ["a cast to a network address", "select email::inet from customers"],
  ["a cast to JSON", "select email::json from customers"],
  ["a cast to XML", "select ('<a>' || email)::xml from customers"],
  ["a cast to an array", "select ('{' || email)::int[] from customers"],
  ["a cast to an enum", "select email::mood from customers"],
  ["a cast to a regclass", "select email::regclass from customers"],
  ["a cast to a regproc", "select email::regproc from customers"],
  ["a number format", "select to_number(email, 'EEEE') from customers"],
  ["a regular expression that is none", "select 'x' ~ ('(' || email) from customers"],
  ["a LIKE whose escape is none", "select 'x' like 'y' escape email from customers"],
  ["a text search configuration", "select to_tsvector(email::regconfig, 'x') from customers"],
  ["an encoding", "select convert_to('x', email) from customers"],
  ["a format's directive", "select format('%' || email, 1) from customers"],
  ["a JSON path", "select jsonb_path_query('{}', email::jsonpath) from customers"],
  ["a division by something of it", "select 1 / (length(email) - length(email)) from customers"],
  ["a subquery of too many rows", "select (select email from customers)"],
  ["a setting's name", "select current_setting(email) from customers"],
  ["a privilege", "select has_table_privilege('orders', email) from customers"],
  ["a role", "select has_table_privilege(email, 'orders', 'select') from customers"],
  ["a decoding", "select decode('!' || email, 'hex') from customers"],
  ["a XML name", "select xmlelement(name e, xpath(email, '<a/>')) from customers"],
  ["a JSON constructor's key", "select json_object(array[email]) from customers"],
  ["a range", "select int4range(length(email), 0) from customers"],
  ["an uuid", "select email::uuid from customers limit 1"],
  ["a bit string", "select email::bit(8) from customers"],
  ["an interval", "select email::interval from customers"],
  ["a money", "select email::money from customers"],
  ["a point", "select email::point from customers"],
  ["statistics of the column", "select histogram_bounds from pg_stats where attname = 'email'"],
  ["statistics of the column, as a row", "select s from pg_stats s where attname = 'email'"],
  [
    "statistics of the column, as text",
    "select histogram_bounds::text::text[] from pg_stats where tablename = 'customers'",
  ],
  [
    "statistics as they are stored",
    "select stavalues1, stavalues2 from pg_statistic where starelid = 'customers'::regclass",
  ],
  [
    "statistics as they are stored, in JSON",
    "select to_jsonb(s) from pg_statistic s where starelid = 'customers'::regclass",
  ],
  ["extended statistics", "select most_common_vals from pg_stats_ext"],
  ["extended statistics as they are stored", "select stxdmcv from pg_statistic_ext_data"],
  ["extended statistics, taken apart", "select m.* from pg_statistic_ext_data, pg_mcv_list_items(stxdmcv) m"],
  ["statistics of an index", "select histogram_bounds from pg_stats where tablename like 'customers%'"],
  ["what others run", "select query from pg_stat_activity where application_name = 'bystander'"],
  [
    "what others run, under another name",
    "select a.query as state from pg_stat_activity a where a.application_name = 'bystander'",
  ],
  [
    "what others run, as a row",
    "select a::text from pg_stat_activity a where application_name = 'bystander'",
  ],
  [
    "what others run, in JSON",
    "select jsonb_agg(to_jsonb(a) -> 'query') from pg_stat_activity a where application_name = 'bystander'",
  ],
  ["the bytes of large objects", "select data from pg_largeobject"],
  ["the bytes of large objects, encoded", "select encode(data, 'hex') from pg_largeobject"],
  [
    "the table's key in a constraint's text",
    "select conname from pg_constraint where conrelid = 'unique_mails'::regclass",
  ],
] as const)
  allowed(tries, sql);

allowed("its own earlier statement with the value in it", [
  "select 1",
  "select query from pg_stat_activity where pid = pg_backend_pid()",
]);
allowed(
  "an error in the extended protocol",
  extended("select email::int from customers where id = $1", ["1"]),
);
allowed(
  "an error of a bound value's comparison",
  extended("select 1 from customers where id = $1 and email::int = 1", ["1"]),
);
allowed("an error in a COPY", "copy (select email::int from customers) to stdout");
allowed("an error in a cursor", [
  "begin",
  "declare c cursor for select email::int from customers",
  "fetch c",
  "rollback",
]);
for (const end of ["commit", "end work", "commit and chain"]) {
  allowed(`an error of a cursor WITH HOLD at ${end}`, [
    "begin",
    "declare held cursor with hold for select email::int from customers",
    end,
    "rollback",
  ]);
}
allowed("an error in EXPLAIN ANALYZE", "explain analyze select email::int from customers");
allowed("an error with more to say", [
  "set client_min_messages = debug1",
  "select email::int from customers",
]);
allowed("an error told in another language", ["set lc_messages = 'C'", "select email::date from customers"]);
allowed("prepared statements with their texts", [
  "prepare p as select email from customers",
  "select statement from pg_prepared_statements",
]);
allowed("cursors with their texts", [
  "begin",
  "declare c cursor for select email from customers",
  "select statement from pg_cursors",
  "commit",
]);
refused(
  "what is wrong with it, by pg_input_error_info",
  "select * from pg_input_error_info((select email from customers where id = 1), 'int')",
);
refused("a notice by a function", "select shout(email) from customers");
refused("a notice by a block", "do $$ begin raise notice '%', (select email from customers limit 1); end $$");
refused(
  "an error by a block",
  "do $$ begin raise exception '%', (select email from customers limit 1); end $$",
);
refused("a notification", "notify jobs, 'x'");
refused("a notification with a value", "select pg_notify('jobs', email) from customers");
refused("a setting", "select set_config('application_name', email, false) from customers");
refused("a setting of one's own, read back", [
  "select set_config('x.y', email, false) from customers",
  "select current_setting('x.y')",
]);
refused(
  "a setting by a parameter that is a subquery",
  "select set_config('application_name', (select email from customers where id = 1), false)",
);
refused("a large object", "select lo_get(4242)");
refused("a large object by its OID", [{ call: 3458, args: ["4242"] }]);
refused("a table as XML", "select table_to_xml('customers', true, false, '')");
refused("a query as XML", "select query_to_xml('select email from customers', true, false, '')");
refused("a cursor as XML", [
  "begin",
  "declare c cursor for select email from customers",
  "select cursor_to_xml('c', 10, true, false, '')",
  "commit",
]);
refused("words of a query", "select * from ts_stat('select to_tsvector(''simple'', email) from customers')");
refused("a file with it", "copy customers to '{loot}/emails'");
refused("a program with it", "copy (select email from customers) to program 'cat > {loot}/emails'");
refused("a new table with it", "create table stolen as select email as x from customers");
refused("a temporary table with it", "create temp table stolen as select email as x from customers");
refused("a new view without its name", "create view v as select email as x from customers");
refused("another table with it", "insert into notes select id, email, name from customers");
refused("a prepared COPY", [
  "prepare p as select email from customers",
  "copy (execute p) to stdout".replace("(execute p)", "(select add_note(email) from customers)"),
]);

export const maskSideways = attacks;
