import { extended, family } from "../attack.ts";

/** Finds a masked value out by what a condition, an order or a group does, where the mask says predicates: "deny". */
const { attacks, refused, allowed } = family("masked values by conditions", "mask-deny");

for (const [tries, sql] of [
  ["LIKE", "select id from customers where email like 'a%'"],
  ["equality", "select id from customers where email = 'ada.c' || 'anary-0417@example.com'"],
  ["a comparison", "select id from customers where email > 'm' order by id"],
  ["a regular expression", "select count(*) from customers where email ~ '^[a-c]'"],
  ["a function in a condition", "select id from customers where left(email, 1) = 'a'"],
  ["a length", "select id from customers where length(email) > 27"],
  ["an IN list", "select id from customers where email in ('x', 'y')"],
  ["a BETWEEN", "select id from customers where email between 'a' and 'b'"],
  ["IS NOT NULL", "select id from customers where email is not null"],
  ["IS DISTINCT FROM", "select id from customers where email is distinct from 'x'"],
  ["a whole row in a condition", "select id from customers c where c::text like '%ada%'"],
  ["a row as JSON in a condition", "select id from customers c where to_jsonb(c) ->> 'email' like 'a%'"],
  ["a condition in a CASE", "select case when email like 'a%' then 1 else 0 end from customers"],
  [
    "a condition in a CASE in ORDER BY",
    "select id from customers order by case when email like 'z%' then 0 else 1 end",
  ],
  [
    "a condition in a subquery",
    "select name from customers where id in (select id from customers where email like 'a%')",
  ],
  ["a condition in EXISTS", "select name from customers c where exists (select 1 where c.email like 'a%')"],
  [
    "a condition in a WITH query",
    "with w as (select id from customers where email like 'a%') select id from w",
  ],
  ["a condition on a renamed column", "select i from customers as c (i, n, e) where e like 'a%'"],
  [
    "a condition on a subquery's alias",
    "select id from (select id, lower(email) as x from customers) q where x like 'a%'",
  ],
  [
    "a condition on a name that became a word later",
    "select id from (select id, email as system_user from customers) q where system_user like 'a%'",
  ],
  [
    "a condition on a name of a system column",
    "select id from (select id, email as xmin from customers) q where xmin like 'a%'",
  ],
  [
    "a condition on a WITH query's alias",
    "with w as (select id, email as x from customers) select id from w where x > 'm'",
  ],
  ["a condition on a view's column", "select id from customer_alias where contact like 'a%'"],
  ["a condition on a materialised view's column", "select city from customer_mv where contact like 'a%'"],
  ["a condition on a generated column", "select domain from derived where mailbox like 'a%'"],
  ["a join", "select c.id from customers c join unique_mails m on m.email = c.email"],
  ["a join by USING", "select id from customers join unique_mails using (email)"],
  ["a NATURAL join", "select id from customers natural join unique_mails"],
  [
    "a join with a list of guesses",
    "select v.x from customers c join (values ('a'), ('z')) v (x) on c.email like v.x || '%'",
  ],
  ["an order", "select id from customers order by email"],
  ["an order by a position", "select id, email from customers order by 2"],
  ["an order by an alias", "select id, email as x from customers order by x"],
  ["an order by an expression", "select id from customers order by length(email), id"],
  ["an order in an aggregate", "select array_agg(id order by email) from customers"],
  ["an order in a window", "select id, row_number() over (order by email) from customers"],
  ["a partition of a window", "select id, count(*) over (partition by left(email, 1)) from customers"],
  ["a named window", "select id, rank() over w from customers window w as (order by email)"],
  ["a group", "select count(*) from customers group by email"],
  ["a group by an expression", "select count(*) from customers group by email like 'a%'"],
  ["a group by a position", "select left(email, 1), count(*) from customers group by 1"],
  ["HAVING", "select count(*) from customers having max(email) > 'm'"],
  ["a filter", "select count(*) filter (where email like 'a%') from customers"],
  ["DISTINCT", "select distinct email from customers"],
  ["DISTINCT ON", "select distinct on (left(email, 1)) id from customers"],
  [
    "a UNION, which removes what is equal",
    "select email from customers union select email from unique_mails",
  ],
  ["an INTERSECT", "select email from customers intersect select email from unique_mails"],
  ["an EXCEPT", "select email from customers except select email from unique_mails"],
  ["a count of different ones", "select count(distinct email) from customers"],
  [
    "LIMIT by its length",
    "select id from customers order by id limit (select length(email) - 26 from customers where id = 1)",
  ],
  [
    "OFFSET by its length",
    "select id from customers order by id offset (select length(email) from customers where id = 1) - 27",
  ],
  ["rows by its length", "select 'x' from customers c, generate_series(1, length(c.email)) where c.id = 1"],
  ["rows by its letters", "select 'x' from customers c, regexp_split_to_table(c.email, '') where c.id = 1"],
  [
    "a lateral condition",
    "select l.n from customers c, lateral (select c.name as n where c.email like 'a%') l",
  ],
  ["a nap if it is so", "select pg_sleep(case when email like 'a%' then 0.01 else 0 end) from customers"],
  [
    "an error if it is so",
    "select 1 / (case when email like 'a%' then 0 else 1 end) from customers where id = 1",
  ],
  ["a quantified comparison", "select 'a' < all (select email from customers)"],
  ["an IN of a subquery", "select 'x' in (select email from customers)"],
  [
    "a scalar comparison of a subquery",
    "select id from orders where 'm' < (select email from customers where id = 1)",
  ],
  ["a condition by COPY", "copy (select id from customers where email like 'a%') to stdout"],
  [
    "a condition by a cursor",
    "declare c cursor with hold for select id from customers where email like 'a%'",
  ],
  [
    "a condition in EXPLAIN ANALYZE",
    "explain (analyze, costs off, timing off, summary off, buffers off) select id from customers where email like 'a%'",
  ],
  ["the planner's guess", "explain select id from customers where email < 'b'"],
  ["an order by what the server calls it", "select id, (email || '')::name from customers order by name"],
  [
    "a condition on what the server calls it",
    "with c as (select id, (email || '')::name from customers) select id from c where name < 'b'",
  ],
  [
    "whether JSON has it for a key",
    "select id, '{\"ada.canary-0417@example.com\": 1}'::jsonb ->> lower(email) from customers",
  ],
  ["a parent's condition", "select id from people where email like 'b%'"],
  ["a partition's condition", "select id from events_low where email like 'c%'"],
] as const)
  refused(tries, sql);

refused("a condition on a field of a composite", "select id from contacts where (c).email like 'a%'");
refused("a bound guess", extended("select id from customers where email like $1", ["a%"]));
refused("a bound order", extended("select id from customers order by email < $1", ["m"]));
refused("a prepared guess", [
  "prepare p (text) as select id from customers where email like $1",
  "execute p ('a%')",
]);

allowed("shows it masked", "select id, email from customers order by id", { shows: "1" });
allowed("conditions on other columns", "select name, email from customers where city = 'Ulm'", {
  shows: "Ada",
});
allowed(
  "orders and groups by other columns",
  "select city, count(*) from customers group by city order by city",
  { shows: "Bonn" },
);
allowed(
  "joins by other columns",
  "select o.note, c.email from orders o join customers c on c.id = o.customer order by o.id",
  { shows: "first" },
);
allowed("a table without masked columns", "select note from orders where note like 'f%'", { shows: "first" });
allowed(
  "a window over other columns",
  "select name, row_number() over (order by id) from customers order by 2",
  { shows: "Ada" },
);
allowed("a bound condition on another column", extended("select name from customers where id = $1", ["2"]), {
  shows: "Bo",
});
allowed("a condition on a view's other column", "select name from customer_view where name like 'A%'", {
  shows: "Ada",
});

export const maskPredicates = attacks;
