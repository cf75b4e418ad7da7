import { beforeAll, describe, expect, test } from "bun:test";
import type { Origin } from "../../../core/plugin.ts";
import type { Catalogue, TableFacts } from "../catalogue.ts";
import { classify, loadParser } from "./classify.ts";
import { storesOf } from "./stores.ts";

beforeAll(loadParser);

const tables: Readonly<Record<string, readonly string[]>> = {
  customers: ["id", "email", "city", "loud"],
  orders: ["id", "customer", "note", "n"],
  notes: ["id", "body", "who"],
};

/** Knows those, and a view `contacts` whose `reach` is customers.email. */
const catalogue: Catalogue = {
  table: () => undefined,
  load: async () => {},
  loadNamed: async () => {},
  named(name) {
    const plain = name.replaceAll('"', "").replace("public.", "");
    if (plain === "contacts") return [facts(plain, "v", ["id", "reach"], ["id", "email"])];
    const columns = tables[plain];
    return columns ? [facts(plain, "r", columns)] : [];
  },
};

function facts(
  name: string,
  kind: string,
  columns: readonly string[],
  under?: readonly string[],
): TableFacts {
  const origins = (column: string, at: number): Origin[] => [
    { table: `public.${name}`, column },
    ...(under ? [{ table: "public.customers", column: under[at] ?? "" }] : []),
  ];
  return {
    ...{ oid: 1, schema: "public", name, kind },
    columns: new Map(
      columns.map((column, at) => [at + 1, { name: column, generated: false, origins: origins(column, at) }]),
    ),
  };
}

const masked = ({ table, column }: Origin) =>
  column === "email" && (table === undefined || /[.]customers$/.test(table));

/** Whether a value of customers.email, or one of which nobody can tell, goes to a column that is another. */
function copies(text: string): boolean {
  const statement = classify(text);
  expect(statement.actions, text).not.toContainEqual({ effect: "unknown", on: "*" });
  const found = storesOf(statement, catalogue);
  if (found === "unknown") return true;
  return found.some(({ into, from }) => {
    return (from === "unknown" || from.some(masked)) && !(into.length > 0 && into.every(masked));
  });
}

describe("what copies a masked column to another", () => {
  test.each([
    "insert into notes select id, email, city from customers",
    "insert into notes (body) select lower(email) from customers",
    "insert into notes (body) select c::text from customers c",
    "insert into notes (body) select to_jsonb(c) ->> 'email' from customers c",
    "insert into notes (body) select reach from contacts",
    "insert into notes (body) select x.* from (select email as e from customers) x",
    "insert into notes table customers",
    "insert into notes select * from customers",
    "insert into notes select 1, 'x', 'y' union all select id, city, email from customers",
    "insert into notes values (1, (select max(email) from customers))",
    "insert into notes values (1, 'x', 'y'), (2, (select email from customers limit 1), 'x')",
    "insert into notes values (1, array_to_string(array(select email from customers), ','))",
    "insert into notes (body) select case when email like 'a%' then 'a' end from customers",
    "insert into notes (body) select exists (select from customers where email like 'a%')",
    "insert into notes (body) select e from (select email from customers) x(e)",
    "insert into notes (body) select e from (customers c join orders o on true) as j(a, e)",
    "insert into notes (body) select g from customers, unnest(array[email]) g",
    "insert into notes (body) select g.e from customers, lateral (select email) g(e)",
    "insert into customers (id, city) select id, email from customers",
    "insert into customers (city, email) select email, city from customers",
    "insert into customers (id, email) values (1, 'x') on conflict (id) do update set city = customers.email",
    "insert into customers as c (id, email) values (1, 'x') on conflict (id) do update set city = c.email",
    "insert into customers (id, email) values (1, 'x') on conflict (id) do update set city = excluded.email",
    "insert into notes (id) values (1) on conflict (id) do update set body = (select email from customers limit 1)",
    "insert into contacts (id) values (1) on conflict do nothing; update customers set city = email",
    "with w as (select email as x from customers) insert into notes (body) select x from w",
    "with w(x) as (select email from customers) insert into notes (body) select x from w",
    "with orders as (select email as note from customers) update notes set body = orders.note from orders",
    "with w as (insert into notes (body) select email from customers) select 1",
    "with w as (update customers set id = id returning email as x) insert into notes (body) select x from w",
    "with a as (insert into notes (body) select email from customers), customers as (select 'x' as email) select 1",
    "with recursive w as (select email as x from customers union select x from w) insert into notes (body) select x from w",
    "insert into notes (body) with w as (select email as x from customers) select x from w",
    "update notes set body = email from customers",
    "update notes set body = (select email from customers where customers.id = notes.id)",
    "update notes set (id, body) = (select id, email from customers limit 1)",
    "update notes set (id, body) = row(c.id, c.email) from customers c",
    "update notes n set body = e from (customers c join orders o on true) as j(a, e)",
    "update notes set body = (select e from generate_series(1, 1)) from (customers c join orders o on true) as j(a, e)",
    "update customers set city = email",
    "update notes set body[ascii(c.email)] = 'x' from customers c",
    "with customers as (select 'x' as email) insert into notes (body) select email from public.customers",
    "explain analyze create materialized view m as select 1; insert into notes (body) select mine() from customers",
    "update contacts set id = 1, reach = 'x'; update notes set body = reach from contacts",
    "delete from notes using customers; with d as (delete from notes) update notes set body = email from customers",
    "merge into notes n using customers c on n.id = c.id when matched then update set body = c.email",
    "merge into notes n using customers c on false when not matched then insert (body) values (c.email)",
    "merge into notes n using customers c on false when not matched then insert values (1, c.email)",
    "merge into customers c using orders o on true when matched then update set city = c.email",
    "create table t as select email as e from customers",
    "create temp table t (e) as select email from customers",
    "create table t as table contacts",
    "select email as e into t from customers",
    "select email as e into t from customers union select city from customers",
    "with w as (select email as e from customers) select * into t from w",
    "prepare p as insert into notes (body) select email from customers",
    "explain analyze insert into notes (body) select email from customers",
    "explain (analyze true) create table t as select email as e from customers",
    "select 1; insert into notes (body) select email from customers",
    "copy (insert into notes (body) select email from customers returning id) to stdout",
    // Nobody can tell.
    "insert into notes (body) select mine(id) from orders",
    "insert into notes (body) select * from mine()",
    "insert into notes (body) select x from only_this_session",
    "insert into notes (body) select most_common_vals::text from pg_stats",
    "create table t as execute p",
  ])("%s", (text) => {
    expect(copies(text)).toBeTrue();
  });
});

describe("what does not", () => {
  test.each([
    "insert into orders values ($1, $2)",
    "insert into orders values (default, $1, 'x', now()), (nextval('s'), 1, gen_random_uuid()::text, random())",
    "insert into orders default values",
    "insert into orders (note) values ($1) returning id",
    "insert into orders (note) values ($1) on conflict (id) do update set note = excluded.note, n = orders.n + 1",
    "insert into only_this_session values ($1, $2)",
    "insert into orders (id, note) select * from unnest($1::int[], $2::text[])",
    "insert into orders (id, note) select r.id, r.note from json_to_recordset($1) as r(id int, note text)",
    "insert into notes (id, body) select id, city from customers where email like 'a%' order by email",
    "insert into notes (id) select count(*) from customers",
    "insert into notes (id) select count(email) from customers",
    "insert into notes (id, body) select 1, 'x' where not exists (select from customers where email = 'x')",
    "insert into notes select id, note from orders join customers using (id)",
    "insert into customers (id, email) select id, email from customers",
    "insert into customers select id, lower(email), city from customers",
    "insert into customers (id, email) values (1, 'x') on conflict (id) do update set email = excluded.email",
    "insert into contacts select id, reach from contacts",
    "with moved as (delete from orders returning *) insert into notes (id, body) select id, note from moved",
    "update orders set n = n + 1",
    "update orders set n = (select max(n) + 1 from orders) where id = $1",
    "update customers set email = lower(email)",
    "update customers set (email, city) = (lower(email), 'Ulm')",
    "update notes set body[1] = 'x', who.part = $1",
    "update customers set (email, city) = (select lower(c.email), c.city from customers c where c.id = customers.id)",
    "update contacts set reach = reach || 'x'",
    "update notes set id = 1 from customers where email = 'x'",
    "update notes n set body = c.city from customers c where c.email = n.who",
    "delete from customers where email = 'x' returning email",
    "merge into orders o using customers c on o.customer = c.id when matched then update set note = c.city",
    "create table t as select id, city from customers where email like 'a%'",
    "create table t as select email from customers with no data",
    "create materialized view v as select email as e from customers",
    "create view v as select email as e from customers",
    "explain insert into notes (body) select email from customers",
    "select email from customers",
    "declare c cursor for select email from customers",
    "copy (select email from customers) to stdout",
    "copy notes from stdin",
    "prepare p as select email from customers",
  ])("%s", (text) => {
    expect(copies(text)).toBeFalse();
  });
});
