import { beforeAll, describe, expect, test } from "bun:test";
import type { Catalogue, TableFacts } from "../catalogue.ts";
import { classify, loadParser } from "./classify.ts";
import { predicatesOf } from "./predicates.ts";

beforeAll(loadParser);

const tables: Readonly<Record<string, readonly string[]>> = {
  customers: ["id", "email", "city", "age"],
  orders: ["id", "customer", "note", "email"],
};

/** Knows `customers`, `orders`, and a view `contacts` whose `reach` is customers.email. */
const catalogue: Catalogue = {
  table: () => undefined,
  load: async () => {},
  loadNamed: async () => {},
  named(name) {
    const plain = name.replaceAll('"', "").replace("public.", "");
    if (plain === "contacts") {
      return [
        facts(plain, [
          ["reach", "customers", "email"],
          ["id", "customers", "id"],
        ]),
      ];
    }
    const columns = tables[plain];
    return columns
      ? [
          facts(
            plain,
            columns.map((column) => [column, plain, column]),
          ),
        ]
      : [];
  },
};

function facts(name: string, columns: readonly (readonly [string, string, string])[]): TableFacts {
  return {
    ...{ oid: 1, schema: "public", name, kind: "r" },
    columns: new Map(
      columns.map(([column, table, of], index) => [
        index + 1,
        { name: column, generated: false, origins: [{ table: `public.${table}`, column: of }] },
      ]),
    ),
  };
}

/** Whether it asks something of public.customers.email, as far as anybody can tell. */
function asks(text: string): boolean {
  const statement = classify(text);
  if (!text.startsWith("do ")) {
    expect(statement.actions, text).not.toContainEqual({ effect: "unknown", on: "*" });
  }
  const found = predicatesOf(statement, catalogue);
  if (found === "unknown") return true;
  return found.some(
    ({ table, column }) => column === "email" && (table === undefined || table === "public.customers"),
  );
}

describe("what asks something of a masked column", () => {
  test.each([
    "select id from customers where email like 'a%'",
    "select id from customers c where c.email like 'a%'",
    "select id from customers where lower(email) = 'x'",
    "select id from customers where (email, id) = ('x', 1)",
    "select id from customers c where c::text like '%x%'",
    "select id from customers c where c is not null",
    "select id from customers c where (c).email = 'x'",
    "select id from customers c where row(c.*)::text like '%x%'",
    "select id from customers c where to_jsonb(c) ->> 'email' = 'x'",
    "select id from contacts where reach like 'a%'",
    "select id from customers where id in (select id from customers where email = 'x')",
    "select id from customers where 'x' in (select email from customers)",
    "select id from customers where 'x' in (table customers)",
    "select id from customers where 'x' = any (array(select email from customers))",
    "select id from customers where exists (select from customers c where c.email = 'x')",
    "select 'x' in (select email from customers)",
    "select exists (select from customers where email = 'x')",
    "select x.id from (select id, email as e from customers) x where x.e = 'x'",
    "select id from (select * from customers) q(i, x) where x = 'x'",
    "select * from customers q(i, x) where x = 'x'",
    "select id from (select id, lower(email) from customers) q where lower = 'x'",
    "select id from (select id, e || '' as f from (select id, email as e from customers) a) b where f = 'x'",
    "with q as (select email as e from customers) select 1 from q where e = 'x'",
    "with q(e) as (select email from customers) select 1 from q where e = 'x'",
    "with q(e) as (select email from customers) select 1 from q z(f) where f = 'x'",
    "with q as materialized (select id from customers where email = 'x') select 1 from q",
    "with recursive q(e) as (select email from customers union select e from q) select 1 from q",
    "with recursive q as (select email e, id from customers union all select e, id from q) cycle e set a using b select 1 from q",
    "with recursive q as (select email e, id from customers union all select e, id from q) search depth first by e set o select 1 from q",
    "select 1 from (values (1)) v(x) join customers c on c.email = v.x::text",
    "select 1 from customers a join customers b using (email)",
    "select 1 from customers natural join (values ('x')) v(email)",
    "select 1 from (select email from customers) a natural join (values ('x')) v(email)",
    "select count(*) from customers group by email",
    "select count(*) from customers group by lower(email)",
    "select count(*) from customers group by rollup (email)",
    "select email, count(*) from customers group by 1",
    "select email e, count(*) from customers group by e",
    "select count(*) from customers group by grouping sets ((1), ()) having max(email) > 'x'",
    "select 1 from customers having max(email) > 'm'",
    "select id from customers order by email",
    "select id, email from customers order by 2",
    "select id, email as e from customers order by e",
    "select id, lower(email) from customers order by lower",
    "select id, (email || '')::city from customers order by city",
    "select id, case when true then email else city end from customers order by city",
    "with c as (select id, (email || '')::city from customers) select id from c where city < 'm'",
    "select id, '{}'::jsonb ->> email from customers",
    "select id, * from customers order by 3",
    "select distinct email from customers",
    "select distinct * from customers",
    "select distinct c from customers c",
    "select distinct on (email) id from customers",
    "select distinct on (2) id, email from customers",
    "select rank() over (order by email) from customers",
    "select count(*) over (partition by email) from customers",
    "select rank() over w from customers window w as (order by email)",
    "select array_agg(id order by email) from customers",
    "select count(*) filter (where email like 'a%') from customers",
    "select count(distinct email) from customers",
    "select percentile_disc(0.5) within group (order by email) from customers",
    "select case when email like 'a%' then 1 end from customers",
    "select case email when 'x' then 1 end from customers",
    "select coalesce(email, 'x') from customers",
    "select nullif(email, 'x') from customers",
    "select greatest(email, 'x') from customers",
    "select email is null from customers",
    "select email like 'a%' from customers",
    "select email = 'x' or false from customers",
    "select email between 'a' and 'b' from customers",
    "select 1 / (ascii(email) - 97) from customers",
    "select email::int from customers",
    "select email::regclass from customers",
    "select (array[1])[length(email)] from customers",
    "select generate_series(1, length(email)) from customers",
    "select regexp_split_to_table(email, '') from customers",
    "select unnest(string_to_array(email, '.')) from customers",
    "select 1 from customers, generate_series(1, length(email))",
    "select 1 from customers c, lateral unnest(string_to_array(c.email, '.')) u",
    "select 1 from customers c, json_table(to_jsonb(c), '$.email' columns (x text path '$')) j",
    "select u.x from (select email from customers) c, lateral unnest(array[c.email]) u(x)",
    "select 1 from generate_series(1, 9) limit (select length(email) from customers limit 1)",
    "select 1 from generate_series(1, 9) offset (select length(email) from customers limit 1)",
    "select email from customers union select 'x'",
    "select 'x' intersect all select email from customers",
    "select email from customers except all select 'x'",
    "(select id, email from customers) union all (select id, note from orders) order by 2",
    "table customers union table customers",
    "select 1 from customers tablesample bernoulli ((select length(email) from customers limit 1))",
    "insert into customers (email) values ('x') on conflict (email) do nothing",
    "insert into customers (email) values ('x') on conflict do nothing",
    "insert into customers (id) values (1) on conflict (id) do update set city = 'x' where customers.email = 'x'",
    "insert into orders (id) select id from customers where email = 'x'",
    "update customers set city = 'x' where email = 'x'",
    "update orders o set note = '' from customers c where c.email = o.note",
    "delete from customers where email = 'x'",
    "delete from orders o using customers c where c.email = o.note",
    "merge into orders o using customers c on c.email = o.note when matched then delete",
    "merge into orders o using customers c on c.id = o.customer when matched and c.email = 'x' then delete",
    "explain select 1 from customers where email = 'x'",
    "explain analyze delete from customers where email = 'x'",
    "prepare p as select 1 from customers where email = $1",
    "declare d cursor for select 1 from customers order by email",
    "copy (select id from customers where email = 'x') to stdout",
    "copy (select id from customers order by email) to stdout",
    "create view v as select id from customers where email = 'x'",
    "create table t as select distinct email from customers",
    "select json_object('a': email)::text like 'x' from customers",
    "select id from customers where json_object('a': email)::text like 'x'",
    "select id from customers where reveal(id) = 'x'",
    "select id from customers c where c.reveal = 'x'",
    "select 1; select id from customers where email = 'x'",
    "do 'begin perform 1 from customers where email = ''x''; end'",
    "select id from unseen where x = 1",
  ])("%s", (text) => {
    expect(asks(text)).toBeTrue();
  });
});

describe("what only shows it, or asks something of others", () => {
  test.each([
    "select * from customers",
    "select email from customers where id = 1 order by id limit 5",
    "select lower(email), email || '', email::text, c, to_jsonb(c) from customers c",
    "select array_agg(email), max(email), count(email), count(*) from customers",
    "select array_agg(email order by id) from customers group by city",
    "select first_value(email) over (order by id) from customers",
    "select (select email from customers limit 1), array(select email from customers)",
    "select x.e from (select id, email as e from customers) x where x.id = 1",
    "with q as (select id, email as e from customers) select e from q where id = 1",
    "select email from customers union all select note from orders",
    "values ('a'), ('b') order by column1",
    "select o.id from orders o where o.email = 'x'",
    "select c.email, o.id from customers c join orders o on o.customer = c.id where o.note = 'x' order by o.id",
    "select distinct city from customers",
    "select city, count(*) from customers group by city having count(*) > 1 order by count(*)",
    "select reach from contacts where id = 1",
    "insert into orders (id, email) values (1, 'x') returning email",
    "update customers set email = 'x' where id = 1 returning email",
    "merge into orders o using customers c on c.id = o.customer when matched then update set note = c.city",
    "copy customers to stdout",
    "copy (select email from customers) to stdout",
    "explain select email from customers where id = 1",
    "select g from generate_series(1, 9) g where g > 3",
    "select key from json_each('{}') where key = 'a'",
    "create table t (email text, check (id > 1), id int)",
    "begin",
    "set search_path to public",
    "",
  ])("%s", (text) => {
    expect(asks(text)).toBeFalse();
  });
});

test("texts that differ in numbers only share what is known of them, and no verdict by a place in the list", () => {
  expect(asks("select id, email from customers order by 1")).toBeTrue();
  expect(asks("select id, email from customers order by 2")).toBeTrue();
});

// It takes longer than a test has where each level is read again for all around it.
test("queries within queries are read once each, however deep they are", () => {
  const deep = 400;
  const reads = new Set<string>();
  const text = `${"select(".repeat(deep)}select email from customers${")".repeat(deep)}`;
  for (const { conditions } of classify(text).detail.lineage() ?? []) {
    for (const name of conditions.called) reads.add(name);
  }
  expect([...reads]).toContain("email");
});
