import { execute, int16, int32, message, query, sync, text } from "../raw.ts";

/** Statements that would show a masked value if anything did. What of them must still arrive: `clear`. */
export interface Form {
  readonly text: string;
  /** A text that the answer holds. */
  readonly clear?: string;
  /** Only on this version and later. */
  readonly since?: 18;
}

const form = (text: string, clear?: string): Form => (clear === undefined ? { text } : { text, clear });

const selected: readonly Form[] = [
  form("select id, email as x, city from customers", "Ulm"),
  form("select lower(email), upper(city) from customers", "ULM"),
  form("select email || '', city from customers", "Ulm"),
  form("select row_to_json(c), c.city from customers c", "Ulm"),
  form("select to_jsonb(c), c.city from customers c", "Ulm"),
  form("select c from customers c"),
  form("select c, city from customers c", "Ulm"),
  form("select (c).email, (c).card from customers c"),
  form("select * from customers", "Bonn"),
  form("table customers", "Bonn"),
  form("select array_agg(email), json_agg(email), string_agg(email, ',') from customers"),
  form("select json_agg(c), jsonb_agg(c.*), json_object_agg(city, email) from customers c"),
  form("select array_agg(c) from customers c"),
  form("select reach, low, city from contacts", "Ulm"),
  form("select r, l, upper(r), c from reached", "Ulm"),
  form("select everything, everything::text, (everything).email, city from whole", "Ulm"),
  form("select mail, lower(mail), city from stored", "Ulm"),
  form("with q as (select email as e, city from customers) select e, lower(e), city from q", "Ulm"),
  form("with q(a, b) as (select email, city from customers) select a, a || '', b from q", "Ulm"),
  form(
    "with recursive q(a, n) as (select email, 1 from customers union all select a, n + 1 from q where n < 2) select a, n from q",
  ),
  form("select x, upper(x), city from (select email as x, city from customers) q", "Ulm"),
  form("select (select email from customers limit 1), array(select card from customers)"),
  form("select l.x, l.x || '', c.city from customers c, lateral (select c.email) l(x)", "Ulm"),
  form("select email from customers union select city from customers"),
  form("select city from customers union all select email from customers"),
  form("select v.x || '', v.y from customers c, lateral (values (c.email, c.city)) v(x, y)"),
  form(
    "select first_value(email) over (order by id), lag(email) over w from customers window w as (order by id)",
  ),
  form("select max(email), min(card), mode() within group (order by email) from customers"),
  form(
    "select coalesce(email, ''), nullif(email, ''), greatest(email, card), case when true then email end from customers",
  ),
  form(
    "select profile, profile ->> 'mail', profile -> 'n', profile #>> '{n,0,card}', jsonb_path_query(profile, '$.**') from customers",
  ),
  form("select key, value from customers, jsonb_each_text(profile)"),
  form("select j.*, city from customers, jsonb_to_record(profile) j(mail text)", "Ulm"),
  form("select row(email, city), row(email, 1)::contact from customers"),
  form("select array[email, card], array[row(email, city)::contact], tags, city from customers", "gold"),
  form(
    "select unnest(array[email]), unnest(string_to_array(email, '.')), unnest(string_to_array(card, null)) from customers",
  ),
  form("select u, city from customers, unnest(array[email]) u", "Ulm"),
  form("select regexp_split_to_table(email, ''), regexp_matches(email, '(.*)@') from customers"),
  form("select format('%s', email), format('%s', c), concat(c.*), quote_literal(email) from customers c"),
  form(
    "select encode(email::bytea, 'hex'), encode(email::bytea, 'base64'), email::bytea, reverse(email) from customers",
  ),
  form(
    "select encode(convert_to(email, 'UTF8'), 'escape'), md5(email), encode(sha256(email::bytea), 'hex') from customers",
  ),
  form(
    "select ascii(email), length(email), position('z' in email), email like 'q%', email < 'r' from customers",
  ),
  form("select card::numeric, card::int8 + 1, card::money from customers"),
  form("select to_tsvector(email), xmlelement(name e, email), xmlforest(email as x) from customers"),
  form(
    "select x.* from customers, xmltable('/a' passing (('<a>' || email || '</a>')::xml) columns y text path '.') x",
  ),
  form("select loud, lower(loud), city from customers", "Ulm"),
  form("select email, upper(email), city from events", "Ulm"),
  form("select email, upper(email), city from events_low", "Ulm"),
  form("select email, lower(email), city from persons", "Ulm"),
  form("select email, lower(email), city from employees", "Ulm"),
  form("select p::text from persons p"),
  form("select * from customers a full join customers b using (email)"),
  form("select email from customers natural full join events"),
  form("select distinct on (email) email, upper(email), city from customers", "Ulm"),
  form("select email, count(*) from customers group by email"),
  form("select mail_of(1), same(email), same(c), upper(mail_of(2)) from customers c"),
  form("select * from mails()"),
  form("select m, upper(m) from mails() m"),
  form("select contact_of(1), (contact_of(1)).mail, contact_of(1)::text"),
  form("select * from rows_of()"),
  form("select * from contact_of(1)"),
  form('select c.email "Ulm", c.city "email" from customers c'),
  form("select most_common_vals::text, histogram_bounds::text from pg_stats where tablename = 'customers'"),
  form("select query_to_xml('select email from customers', true, true, '')"),
  form("select table_to_xml('customers', true, true, ''), database_to_xml(true, true, '')"),
  form("select query from pg_stat_activity"),
  form("select lo_get(4711), encode(lo_get(4711), 'escape')"),
  form("select data, encode(data, 'escape') from pg_largeobject"),
  form(
    "select set_config('my.value', (select email from customers limit 1), false), current_setting('my.value')",
  ),
  form("values ((select email from customers limit 1), 'Ulm')"),
  {
    text: "select y from customers, json_table(to_jsonb(email), '$' columns (y text path '$')) x",
    since: 18,
  },
  {
    text: "select json_object('a': email), json_array(email), json_serialize(to_json(email)) from customers",
    since: 18,
  },
];

const written: readonly Form[] = [
  form("insert into events select 5, email, city from customers returning email, upper(email), city", "Ulm"),
  form("update customers set city = city returning email, customers, upper(city)"),
  form("update customers set city = city returning *", "Ulm"),
  form("update customers c set city = city returning c, to_jsonb(c), lower(c.email), c.city", "Ulm"),
  form(
    "delete from orders using customers where customer = customers.id returning customers.email, note",
    "Ulm",
  ),
  form(
    "with w as (update customers set city = city returning email as e, city) select e, lower(e), city from w",
    "Ulm",
  ),
  form("create temp table copied as select email as x from customers"),
  form(
    "explain (analyze, verbose, costs off) select email from customers where email = (select email from customers limit 1)",
  ),
  {
    text: "merge into orders o using customers c on c.id = o.customer when matched then update set note = note returning c.email, upper(c.email), c, o.note",
    clear: "Ulm",
    since: 18,
  },
  { text: "update customers set city = city returning old.email, new.*, lower(old.email)", since: 18 },
];

const copied: readonly Form[] = ["text", "csv", "binary"].flatMap((format) => [
  form(`copy customers to stdout (format ${format})`, "Ulm"),
  form(`copy customers (email, city) to stdout (format ${format})`, "Ulm"),
  form(`copy (select lower(email), city, c from customers c) to stdout (format ${format})`, "Ulm"),
  form(`copy (select row_to_json(c), array[email] from customers c) to stdout (format ${format})`),
]);

const failing: readonly Form[] = [
  form("select email::int from customers", "22P02"),
  form("select email::regclass from customers"),
  form("select split_part(email, '.', 1)::regclass from customers", "42P01"),
  form("select split_part(email, '.', 1)::regproc from customers"),
  form("select split_part(email, '.', 1)::regtype from customers"),
  form("select split_part(email, '.', 1)::regrole from customers"),
  form("select split_part(email, '.', 1)::regnamespace from customers"),
  form("select email::regtype, to_regclass(email) from customers"),
  form("select current_setting(split_part(email, '.', 1)) from customers"),
  form("select email::date from customers"),
  form("select email::json from customers"),
  form("select email::inet, email::uuid from customers"),
  form("select email::plain_text from customers"),
  form("select nextval(split_part(email, '.', 1)) from customers"),
  form("select to_date(email, 'YYYY') from customers"),
  form("select jsonb_path_query(profile, 'strict $.nothing.at.all') from customers"),
  form("select email::tsquery, to_tsquery(email) from customers"),
  form("select ('{' || email)::text[] from customers"),
  form("select encode(email::bytea, email) from customers"),
  form("select cursor_to_xml(split_part(email, '.', 1)::refcursor, 1, true, true, '') from customers"),
  form("select regexp_match('a', '(' || email) from customers"),
  form("select make_date(card::numeric::int, 1, 1) from customers"),
  form("select (card::numeric * 1000000000)::int8 from customers"),
  form("select (select email from customers)", "more than one row"),
  form("select 1 / (ascii(email) - ascii(email)) from customers", "division by zero"),
  form("insert into customers (id, email) select 9, email from customers", "customers_email_key"),
  form("insert into customers (id, email) select id, email from customers"),
  form("insert into orders (id, customer, note) select 7, 1, 'never' from customers", "orders_note_check"),
  form("insert into orders (id, customer, note) select 9000 + id, 77, email from customers"),
  form("insert into events select 99, email from customers"),
  form("update customers set id = null"),
  form("update customers set email = email || email || email, card = repeat(email, 9)"),
  form("select fails(email) from customers"),
  form("select fails(split_part(email, '.', 1)) from customers"),
  form("select loudly(email) from customers"),
  form("select runs(split_part(email, '.', 1)) from customers"),
  form("select strict_int(email) from customers"),
  form("do $$ begin raise notice '%', (select email from customers limit 1); end $$"),
  form(
    "do $$ begin raise exception '%', (select email from customers limit 1) using errcode = '42P01'; end $$",
  ),
  form(
    "do $$ begin raise exception using errcode = (select upper(substr(email, 1, 5)) from customers limit 1); end $$",
  ),
  form("do $$ begin execute 'select ' || (select quote_ident(email) from customers limit 1); end $$"),
  form(
    "do $$ begin perform set_config('application_name', (select email from customers limit 1), false); end $$",
  ),
  form(
    "do $$ begin perform set_config('search_path', (select quote_ident(email) from customers limit 1), false); end $$",
  ),
  form(
    "do $$ begin perform set_config('TimeZone', (select split_part(email, '.', 1) || '5' from customers limit 1), false); end $$",
  ),
  form("select nosuch from customers", 'column "nosuch" does not exist'),
  form("select * from nosuch", 'relation "nosuch" does not exist'),
  form("selec 1", 'syntax error at or near "selec"'),
];

export const forms: readonly Form[] = [...selected, ...written, ...copied, ...failing];

/** Statements of which nothing is masked, and what their answers hold. */
export const clear: readonly (readonly [text: string, holds: string])[] = [
  ["select city, tags from customers order by id", "Ulm"],
  ["select count(*), count(email), 41 + 1 from customers", "42"],
  ["select row_to_json(o) from orders o", '"note":"Ulm"'],
  ["select o, to_jsonb(o) from orders o", "Ulm"],
  ["select json_agg(o), array_agg(o.note) from orders o", "Ulm"],
  ["select lower(city), city || '!' from customers", "ulm"],
  ["select * from orders natural join (select 1 as id) one", "Ulm"],
  ["select u, upper(u) from customers, unnest(tags) u", "GOLD"],
  ["select g, g * 100 + 1 from generate_series(7, 8) g", "701"],
  ["with q as (select id, lower(city) as low from customers) select * from q", "ulm"],
  ["select low, e is null from (select lower(note) as low, '' as e from orders) q", "ulm"],
  ["select low, e from (select lower(city) as low, upper(email) as e from customers) q", "ulm"],
  [
    "with recursive w as (select 1 as n), q(a, b) as (select email, lower(city) from customers) select a, b || n from q, w",
    "ulm1",
  ],
  ["select * from (select city || '' as town, email || '' from customers) q", "Ulm"],
  ["select b, upper(b) from (values ('a', 'ulm')) v(a, b) union all select note, note from orders", "ULM"],
  ["select (select lower(city) from customers where id = 1)", "ulm"],
  ["select count(*) from (select email from customers) q", "2"],
  ["select pg_catalog.version(), current_date, now() - now()", "PostgreSQL"],
  ["explain (costs off) select note from orders", "Seq Scan"],
  ["copy orders to stdout", "Ulm"],
  ["copy (select o from orders o) to stdout (format csv)", "Ulm"],
];

/** How a statement is asked: its messages, up to one ReadyForQuery. */
export const ways: Readonly<Record<string, (sql: string) => Buffer>> = {
  "simple query": query,
  "extended query, text": (sql) => Buffer.concat([execute(sql), sync]),
  "extended query, binary": (sql) =>
    Buffer.concat([
      message("P", text(""), text(sql), int16(0)),
      message("B", text(""), text(""), int16(0), int16(0), int16(1), int16(1)),
      message("D", Buffer.from("P"), text("")),
      message("E", text(""), int32(0)),
      sync,
    ]),
  "a cursor": (sql) => query(`declare d cursor for ${sql}; fetch all d`),
  "a cursor that outlives its transaction": (sql) =>
    Buffer.concat([query(`declare h cursor with hold for ${sql}`), query("fetch 9 h"), query("close h")]),
  EXECUTE: (sql) => Buffer.concat([query(`prepare p as ${sql}`), query("execute p"), query("deallocate p")]),
};
