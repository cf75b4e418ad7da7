import { extended, family } from "../attack.ts";

/** Carries a masked value into a table that no mask names, where everybody reads it. */
const { attacks, refused, allowed } = family("masked values written elsewhere", "mask-write");
const read = "select body from notes where body is not null order by id, body";

refused("INSERT of a SELECT", ["insert into notes select id + 100, email, name from customers", read]);
refused("INSERT of an expression", [
  "insert into notes select 200, reverse(upper(email)), 'x' from customers",
  read,
]);
refused("INSERT of a subquery", [
  "insert into notes values (300, (select email from customers where id = 1), 'x')",
  read,
]);
refused("INSERT of a WITH query", [
  "with w as (select email as x from customers) insert into notes select 400, x, 'y' from w",
  read,
]);
refused("INSERT in a WITH query", [
  "with w as (insert into notes select 500, email, 'y' from customers returning 1 as one) select one from w",
  read,
]);
refused("INSERT of a whole row", ["insert into notes select 600, c::text, 'x' from customers c", read]);
refused("INSERT of a view's column", [
  "insert into notes select 700, contact, 'x' from customer_alias",
  read,
]);
refused("INSERT of a UNION", [
  "insert into notes select 800, name, city from customers union all select 801, email, 'x' from customers",
  read,
]);
refused("UPDATE from a join", [
  "update notes n set body = c.email from customers c where c.name = n.who",
  read,
]);
refused("UPDATE by a subquery", [
  "update notes set body = (select email from customers where id = 2) where id = 1",
  read,
]);
refused("UPDATE of several columns", [
  "update notes set (body, who) = (select name, email from customers where id = 3)",
  "select who from notes order by who",
]);
refused("MERGE", [
  "merge into notes n using customers c on n.who = c.name when matched then update set body = c.email",
  read,
]);
refused("MERGE that inserts", [
  "merge into notes n using customers c on false when not matched then insert values (900, c.email, 'x')",
  read,
]);
refused("a prepared INSERT", [
  "prepare p as insert into notes select 1000, email, 'x' from customers",
  "execute p",
  read,
]);
refused("an INSERT in the extended protocol", [
  ...extended("insert into notes select $1::int, email, 'x' from customers", ["1100"]),
  read,
]);
refused("an upsert", [
  "insert into notes select 1200, 'x', email from customers on conflict do nothing",
  "select who from notes order by id",
]);
refused("EXPLAIN ANALYZE of an INSERT", [
  "explain analyze insert into notes select 1300, email, 'x' from customers",
  read,
]);

allowed(
  "RETURNING of a join, masked",
  "update notes n set who = n.who from customers c where c.id = 1 returning c.email",
  {
    writes: ["public.notes"],
  },
);
allowed("writes its own values", "insert into notes values (2, 'my own words', 'Ada') returning body", {
  writes: ["public.notes"],
  shows: "my own words",
});
allowed(
  "writes from other columns",
  "insert into notes select id + 10, name, city from customers returning who",
  { writes: ["public.notes"], shows: "Ulm" },
);
allowed(
  "writes in the extended protocol",
  extended("insert into notes values ($1, $2, 'x') returning body", ["3", "bound words"]),
  { writes: ["public.notes"], shows: "bound words" },
);
allowed(
  "updates by another's id",
  "update notes n set who = c.city from customers c where c.name = n.who and n.id = 11",
  { writes: ["public.notes"] },
);

export const maskWrites = attacks;
