import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import pg from "pg";
import type { Column } from "../../../core/plugin.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../test/servers/postgres.ts";
import { type Catalogue, catalogueOf, enter, invalidate, leave } from "../catalogue.ts";
import type { PostgresConfig } from "../config.ts";
import { testPermit } from "../testing/permit.ts";
import type { RowField } from "../wire/rows.ts";
import { classify, loadParser } from "./classify.ts";
import { columnsOf, loadFor } from "./columns.ts";

const setUp = `
  create table customers (id int primary key, email text, city text, tags text[]);
  insert into customers values (1, 'alice@example.com', 'Berlin', '{a}'), (2, 'bob@example.org', 'Paris', '{b}');
  create table orders (id int, customer int, note text, email text);
  insert into orders values (7, 1, 'none', 'alice@example.com');
  create view contacts as select id, email as reach, lower(city) as place from customers;
  create view whole as select c as everything, c.id from customers c;
  create materialized view stored as select id, email as mail from customers;
  create function secret(int) returns text language sql as 'select email from customers where id = $1';
  create function reveal(customers) returns text language sql as 'select $1.email';
  create table events (id int, email text) partition by range (id);
  create table events_low partition of events for values from (0) to (10);
  insert into events values (1, 'alice@example.com');
  analyze customers;`;

/** None of these may show an address in a column that is not known to come from one, or to be unknown. */
const attacks = [
  "select email from customers",
  "select email as city from customers",
  "select * from customers",
  "select lower(email) from customers",
  "select email || '' as x, city from customers",
  "select substring(email from 1 for 40) from customers",
  "select c from customers c",
  "select c.* from customers c",
  "select (c).email from customers c",
  "select row_to_json(c) from customers c",
  "select c.row_to_json from customers c",
  "select to_jsonb(c)->>'email' from customers c",
  "select json_agg(customers) from customers",
  "select json_build_object('x', email) from customers",
  "select array_agg(email) from customers",
  "select string_agg(email, ',') over () from customers",
  "select max(email), min(email) from customers",
  "select x from (select email x from customers) q",
  "select upper(x) from (select email x from customers) q",
  "select upper(x) from (select * from customers) q(i, x)",
  "select upper(x) from customers q(i, x)",
  "with q as (select email x from customers) select x || '' from q",
  "with q(x) as (select email from customers) select upper(x) as y from q",
  "with recursive q(x, n) as (select email, 1 from customers union all select x, n + 1 from q where n < 2) select x from q",
  "select email from customers union select city from customers",
  "select city from customers union all select email from customers",
  "table customers union table customers",
  "select x from (select id, city from customers union select id, email from customers) q(i, x)",
  "select x from (table customers union table customers) q(i, x)",
  "select * from customers a full join customers b using (email)",
  "select * from (customers a full join customers b using (email)) j(x)",
  "select email from customers natural full join orders",
  "select * from customers a natural full join customers b",
  "select coalesce(email, city), nullif(email, ''), greatest(email, ''), case when true then email end from customers",
  "select (select email from customers limit 1)",
  "select (select max(e) from (select email e from customers) s)",
  "select array(select email from customers)",
  "select exists (select * from customers), (select email from customers limit 1) is null",
  "select u from customers, unnest(array[email]) u",
  "select upper(u) from customers, unnest(array[email]) u",
  "select f.upper from customers, concat(email) f",
  "select f from customers, concat(email) f",
  "select l.x from customers c, lateral (select c.email) l(x)",
  "select l.x || '' from customers c, lateral (select c.email) l(x)",
  "select v.x || '' from customers c, lateral (values (c.email)) v(x)",
  "select reach from contacts",
  "select reach || '' from contacts",
  "select upper(reach) as place from contacts",
  "select everything from whole",
  "select (everything).email from whole",
  "select everything::text from whole",
  "select mail || '' from stored",
  "select w || '' from whole w",
  "select secret(1)",
  "select reveal(c) from customers c",
  "select c.reveal from customers c",
  "select c.reveal || '' from customers c",
  "select c.reveal || '' from customers c, pg_class",
  "select c.reveal || '' as reveal from customers c",
  "select (c).reveal || '' as reveal from customers c",
  "with q as (select c.reveal || '' as reveal from customers c) select q.reveal || '' from q",
  "select q.reveal || '' as reveal from (select id, email, city, tags from customers) q",
  "select * from secret(1) s",
  "select s from secret(1) s",
  "select email from events_low",
  "select email || '' from events",
  "select most_common_vals::text, histogram_bounds::text from pg_stats where tablename = 'customers'",
  "select upper(most_common_vals::text), histogram_bounds::text as h from pg_stats where tablename = 'customers'",
  "select query, state from pg_stat_activity where query like '%@example%'",
  "select upper(a.query) from pg_stat_activity a where a.query like '%@example%'",
  "select array_to_string(histogram_bounds, ',') from pg_stats where tablename = 'customers'",
  "select query_to_xml('select email from customers', true, true, '')",
  "select table_to_xml('customers', true, true, '')",
  "select xmlelement(name e, email), xmlforest(email as x) from customers",
  "select x.* from customers, xmltable('/a' passing (('<a>' || email || '</a>')::xml) columns y text path '.') x",
  "select y from customers, json_table(json_build_array(email)::jsonb, '$[*]' columns (y text path '$')) x",
  "select encode(email::bytea, 'escape'), convert_from(email::bytea, 'UTF8'), email::bytea from customers",
  "select regexp_replace(email, 'x', 'y'), regexp_matches(email, '.*') from customers",
  "select format('%s', c) from customers c",
  "select concat(c.*) from customers c",
  "select row(c.*) from customers c",
  "select row(email, 1) from customers",
  "select distinct on (email) email, upper(email) from customers",
  "select email, count(*) from customers group by email",
  "select upper(email) from customers group by 1 order by 1",
  "select first_value(email) over (order by id), lag(email) over w from customers window w as (order by id)",
  "select mode() within group (order by email) from customers",
  "insert into orders select 9, 1, 'x', email from customers returning email, upper(email)",
  "update customers set city = city where true returning email, upper(email), customers",
  "update customers set city = city returning *",
  "delete from orders using customers where false returning customers.email",
  "merge into orders o using customers c on o.customer = c.id when matched then update set note = note returning c.email, upper(c.email), c",
  "explain (analyze, verbose) select * from customers where email = (select max(email) from customers)",
  "explain (verbose) select 1 from customers where email = secret(1)",
  "explain (verbose) select 1 from customers c where c.email = (c).reveal",
  "select a.email b from customers a join orders o on o.customer = a.id",
  "select o.*, a.email || '' from customers a join orders o on o.customer = a.id",
  "select *, upper(email) from customers",
  "select upper(email), *, city || email from customers",
  "select email || '', x || '' from customers q(i, x, email)",
  "select upper(x) from (customers join (select 1 as id) one using (id)) j(id, x, y)",
  "select (o).*, c.email || '', 1, 2, 3, 4 from customers c, orders o",
  "select 1, (o).*, c.email || '', o.id, 2, 3 from customers c, orders o",
  "select (select x from (select 1) q limit 1) from (select email as x from customers) o",
  "select (select lower(x) from (select upper('a')) q limit 1) from (select email as x from customers) o",
  "select * from unnest(array[1, 2]) u, (select email || '' as y, city from customers) q",
  "select * from (select email || '' as y, city from customers) q, unnest(array[1]) u, generate_series(1, 2) g",
  "select *, y || '' from (select email || '' as y, city from customers) q, json_each('{\"a\": 1}') j",
  "select q.* from (values ((select email from customers limit 1), 'x')) q(a, b)",
  "select column1 || '', column2 from (values ((select email from customers limit 1), 'x')) q",
  "with customers as (select city as email, email as city from customers) select lower(city) from customers",
  "with a as (select email x from customers), b as (select x || '' y from a) select y || '', 1 from b",
  "with a as (select 1 as x), b as (with a as (select email x from customers) select x || '' y from a) select y, x from b, a",
  "select lower(c.x) from customers b, lateral (select b.email as x) c",
  "select lower(c.x), a.x from (select 'a' as x) a, lateral (select (select email from customers limit 1) as x) c",
  "select a.e from (select array_agg(email) e from customers) a",
  "select json_agg(q), q::text from (select email from customers) q group by q",
  "select (q).e, (q).e || '' from (select email e from customers) q",
  "select (q.r).email || '' from (select c as r from customers c) q",
  "select city || '' from (select city from customers union all select email from customers) q",
  "select lower(email) from (select o.id, c.email from orders o natural join (select id, email from customers) c) q",
  "select k || '' from (select email k, 1 id from customers) a full join (select '' k, 1 id) b using (k, id)",
  "select * from (select email || '' k, 1 id from customers) a full join (select '' k, 2 z) b using (k)",
  "select * from (select 1 z, email || '' k from customers) a natural full join (select '' k, 2 y) b",
  "select max(x) filter (where x > '') from (select email x from customers) q",
  "select u.y || '', x || '' from customers c, unnest(array[c.city], array[c.email]) u(x, y)",
  "select x, y || '' from rows from (unnest(array['a']), unnest(array(select email from customers))) u(x, y)",
  "select * from customers c, rows from (unnest(array['a']), unnest(array[c.email])) with ordinality",
  "select coalesce(a.email, b.note) from customers a left join orders b on true",
  "select * from (select * from (select email || '!' from customers) a) b",
  "select * from (table customers order by 1) q union all select 1, 'x', 'y', null",
  "select c.* from (customers join orders o (id, o2, note, mail) using (id)) c",
  "select count(nullif(email, 'x')), count(case when email > 'm' then 1 end) from customers",
  "select city from customers c where false union all select c.email from customers c, lateral (select c.city) d(email)",
  "select q.email || '' from (select city as email from customers) c, (select email from customers) q",
  "select any_name || '' from (select email from customers) q(any_name)",
  "select lower(value) from customers, json_each_text(to_json(customers))",
  "select customers || '' from (select email as customers from customers) q",
  "select id || '', lower(customers) from (select id, email from customers) q(id, customers)",
] as const;

for (const version of [15, 18] as const) {
  describe.skipIf(!hasPostgres(version))(`PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    let client: pg.Client;
    let catalogue: Catalogue;
    let config: PostgresConfig;
    beforeAll(async () => {
      await loadParser();
      server = await startPostgres({ version });
      await server.sql(setUp);
      client = new pg.Client(server.url());
      await client.connect();
      config = { host: server.host, port: server.port, user: "postgres", database: "postgres" };
      enter(config);
      catalogue = catalogueOf(config, () => testPermit(config, server.password));
    });
    afterAll(async () => {
      leave(config, () => {});
      await client.end();
      await server.close();
    });

    const ask = async (text: string) => {
      const { fields, rows } = await client.query<unknown[]>({
        text,
        rowMode: "array",
        types: { getTypeParser: () => String },
      });
      const described = fields.map(
        (field): RowField => ({
          name: field.name,
          tableOid: field.tableID,
          column: field.columnID,
          typeOid: field.dataTypeID,
          typeSize: field.dataTypeSize,
          typmod: field.dataTypeModifier,
          format: "text",
        }),
      );
      const statement = classify(text);
      await loadFor(described, statement, catalogue);
      expect(loadFor(described, statement, catalogue)).toBeUndefined();
      return { columns: columnsOf(described, statement, catalogue), rows };
    };
    const known = async (text: string) => (await ask(text)).columns.map(({ origins }) => origins);

    for (const text of attacks) {
      test(text, async () => {
        await client.query("begin");
        try {
          const { columns, rows } = await ask(text);
          const open = columns.flatMap((column, index) => (fromEmail(column) ? [] : index));
          for (const row of rows)
            for (const index of open) expect(String(row[index]).toLowerCase()).not.toContain("@example");
        } catch (error) {
          // Not every statement is one of both versions.
          if (!(error instanceof pg.DatabaseError && error.code === "42601" && version === 15)) throw error;
        } finally {
          await client.query("rollback");
        }
      });
    }

    test("a stored column has its table's origin, in a subquery too", async () => {
      const origin = [{ table: "public.customers", column: "city" }];
      expect(await known("select city from customers")).toEqual([origin]);
      expect(await known("select x from (select city x from customers) q")).toEqual([origin]);
    });
    test("a computed one has those that it names", async () => {
      const [lower, count, one] = await known("select lower(city), count(*), 1 from customers group by city");
      expect(lower).toEqual([{ table: "public.customers", column: "city" }, { column: "city" }]);
      expect([count, one]).toEqual([[], []]);
    });
    test("beside a star it is still told by its place", async () => {
      const origins = await known("select *, lower(city), now() from customers");
      expect(origins.at(-2)).toEqual([{ table: "public.customers", column: "city" }, { column: "city" }]);
      expect(origins.at(-1)).toEqual([]);
    });
    test("a query in WITH shows what it names", async () => {
      const [place] = await known(
        "with q as (select lower(city) as place from customers) select upper(q.place) from q",
      );
      expect(place).toContainEqual({ table: "public.customers", column: "city" });
    });
    test("psql's own questions stay readable", async () => {
      const text = `SELECT n.nspname as "Schema", CASE c.relkind WHEN 'r' THEN 'table' END as "Type",
        pg_catalog.pg_get_userbyid(c.relowner) as "Owner" FROM pg_catalog.pg_class c
        LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE pg_catalog.pg_table_is_visible(c.oid)`;
      for (const origins of await known(text)) expect(origins).not.toBe("unknown");
    });
    test("text is held where any text fits", async () => {
      const { columns } = await ask(
        "select 'a', 'a'::text, 'a'::varchar(3), 'a'::varchar, 'a'::char(9), 'a'::name, '1'::json, 1, '{}'::text[]",
      );
      expect(columns.map(({ type, holdsText }) => `${type} ${holdsText}`)).toEqual([
        "text true",
        "text true",
        "varchar false",
        "varchar true",
        "bpchar true",
        "name true",
        "json false",
        "int4 false",
        "_text false",
      ]);
    });
    test("a name without a schema may be that of any schema's table", async () => {
      await server.sql(
        "create schema other; create view other.places as select email as city from customers",
      );
      await server.sql("create table places (city text)");
      const [place] = await known("select lower(city) from public.places");
      expect(place).toEqual([{ table: "public.places", column: "city" }, { column: "city" }]);
      const [any] = await known("select lower(city) from places");
      expect(any).toContainEqual({ table: "public.customers", column: "email" });
    });
    test("a temporary view hides no origin, nor does one that nobody else sees yet", async () => {
      await client.query("create temp view orders as select id, email as note from customers");
      invalidate(config.host, "certainly");
      expect((await known("select lower(note) from orders"))[0]).toContainEqual({
        table: "public.customers",
        column: "email",
      });
      await client.query("begin; create temp view fresh as select email as note from customers");
      expect(await known("select lower(note) from fresh")).toEqual(["unknown"]);
      await client.query("rollback; drop view orders");
    });
  });
}

/** A mask of public.customers.email (or of an `email` whose table cannot be told) concerns it. */
function fromEmail({ origins }: Column): boolean {
  if (origins === "unknown") return true;
  return origins.some(
    ({ table, column }) =>
      column === "email" && (table === undefined || /customers|orders|events/.test(table)),
  );
}
