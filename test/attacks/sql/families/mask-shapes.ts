import { extended, family } from "../attack.ts";

/** Masked values through the shapes of queries: subqueries, views, tables that belong together, formats, cursors. */
const { attacks, refused, unknown, allowed } = family("masked values in shapes of queries", "mask");

for (const [tries, sql] of [
  ["a subquery", "select x from (select email as x from customers order by id) q"],
  [
    "a subquery of a subquery",
    "select y from (select x as y from (select email as x, id from customers) a order by id) b",
  ],
  ["a renamed relation", "select e from customers as c (i, n, e, t, b) order by i"],
  [
    "a subquery under a name that became a word later",
    "select lower(system_user) from (select id, email as system_user from customers) q order by id",
  ],
  [
    "a WITH query under a name that became a word later",
    "with w as (select id, email as System_User from customers) select reverse(SYSTEM_USER) from w order by id",
  ],
  ["a renamed subquery", "select b from (select id, email from customers order by 1) as q (a, b)"],
  ["a WITH query", "with w as (select email as x, id from customers) select x from w order by id"],
  [
    "a WITH query with other names",
    "with w (a, b) as (select id, email from customers) select b from w order by a",
  ],
  [
    "a materialised WITH query",
    "with w as materialized (select lower(email) as l, id from customers) select l || '' from w order by id",
  ],
  [
    "a recursive WITH",
    "with recursive w (i, t) as (select 1, '' union all select i + 1, (select email from customers where id = i) from w where i < 4) select t from w order by i",
  ],
  [
    "a recursion that eats it letter by letter",
    "with recursive w (rest, first, n) as (select email, '', 0 from customers where id = 1 union all select substr(rest, 2), left(rest, 1), n + 1 from w where n < 5) select first from w",
  ],
  ["a UNION", "select name from customers union all select email from customers"],
  ["a UNION from the other side", "select email as name from customers union all select name from customers"],
  ["an INTERSECT", "select email from customers intersect all select email from customers"],
  ["VALUES with a subquery", "values ((select email from customers where id = 1))"],
  ["a LATERAL subquery", "select l.x from customers c, lateral (select c.email as x) l order by c.id"],
  ["a LATERAL function", "select u from customers c, unnest(array[c.email]) u order by c.id"],
  [
    "letters as rows",
    "select r from customers c, regexp_split_to_table(c.email, '') r where c.id = 1 limit 3",
  ],
  [
    "letters by position",
    "select substr(c.email, g, 1) from customers c, generate_series(1, 8) g where c.id = 1 order by g",
  ],
  [
    "codes by position",
    "select ascii(substr(c.email, g, 1)) from customers c, generate_series(1, 8) g where c.id = 1 order by g",
  ],
  [
    "letters as columns",
    "select substr(email,1,1), substr(email,2,1), substr(email,3,1), substr(email,4,1) from customers order by id",
  ],
  ["its length as a number of rows", "select 'x' from customers c, generate_series(1, 3) where c.id = 1"],
  [
    "subscripts of its parts",
    "select generate_subscripts(string_to_array(email, '.'), 1) from customers where id = 1 limit 1",
  ],
  ["parts as rows", "select s from customers c, string_to_table(c.email, '@') s where c.id = 1 limit 2"],
  [
    "words of a text search",
    "select word from (select tsvector_to_array(to_tsvector('simple', email)) as word from customers order by id) q",
  ],
  ["a SELF JOIN", "select b.email from customers a join customers b on a.id = b.id order by a.id"],
  ["a NATURAL JOIN", "select email from customers natural join (select id from orders) o order by id"],
  [
    "a join by USING of another column",
    "select a.email from customers a join customers b using (id) order by id",
  ],
  [
    "a FULL JOIN's merged column",
    "select id, coalesce(a.email, b.email) from customers a full join customers b using (id) order by id",
  ],
  [
    "a scalar subquery",
    "select (select email from customers where id = o.customer) from orders o order by id",
  ],
  ["an ARRAY of a subquery", "select array(select email from customers order by id)"],
  ["a row of a subquery", "select q from (select id, email from customers order by id) q"],
  [
    "a field of a row of a subquery",
    "select (q.r).email from (select c as r from customers c order by id) q",
  ],
  ["a star", "select * from customers order by id"],
  ["a star of an alias", "select c.* from customers c order by id"],
  ["a star of a row", "select (c).* from customers c order by id"],
  ["a star among others", "select 1, *, 2 from customers order by id"],
  ["TABLE", "table customers"],
  ["max and min", "select max(email), min(email) from customers"],
  ["string_agg", "select string_agg(email, ',' order by id) from customers"],
  ["array_agg", "select array_agg(email order by id) from customers"],
  ["json_agg of rows", "select json_agg(c order by id) from customers c"],
  ["jsonb_object_agg", "select jsonb_object_agg(id, email) from customers"],
  ["xmlagg", "select xmlagg(xmlelement(name e, email) order by id) from customers"],
  ["mode", "select mode() within group (order by email) from customers"],
  ["percentile_disc", "select percentile_disc(0.5) within group (order by email) from customers"],
  ["a count of different ones", "select count(distinct email) from customers"],
  [
    "an average of lengths",
    "select avg(length(email)), sum(ascii(email)), bit_and(length(email)) from customers",
  ],
  ["every", "select every(email > 'm'), bool_or(email like 'a%') from customers"],
  ["a view", "select email from customer_view order by id"],
  ["a view's other name", "select contact, low from customer_alias order by id"],
  ["a view of a join", "select contact from joined order by note"],
  ["a row of a view", "select v from customer_alias v order by id"],
  ["a materialised view", "select contact from customer_mv order by id"],
  ["a parent of tables", "select email from people"],
  ["a child of a table", "select email from employees"],
  ["a parent's row", "select p from people p"],
  ["a partitioned table", "select email from events"],
  ["a partition", "select lower(email) from events_low"],
  ["a generated column", "select mailbox from derived"],
  ["a generated column in an expression", "select upper(mailbox) from derived"],
  ["what only a part of a table computes of it", "select tag from mails"],
  ["what only a part of a table computes of it, in an expression", "select lower(tag) from mails"],
  ["a field of a composite", "select (c).email from contacts"],
  ["a field of a composite of a relation of its name", "select (c).email, (c.c).email from contacts c"],
  [
    "a field of a composite put together anew",
    "select (c).phone from (select row((c).phone, (c).email)::contact as c from contacts) q",
  ],
  [
    "a field of a row that a function gives the name of an outer one",
    "select (select (c).phone from json_to_record(json_build_object('c', json_build_object('phone', (contacts.c).email))) as x (c contact)) from contacts",
  ],
  ["a field of a view's composite put together anew", "select (c).phone from swapped_contacts"],
  [
    "a field of a subquery's",
    "select (select (c).phone from swapped_contacts), (q.c).phone from swapped_contacts q",
  ],
  ["a table whose key it is", "select email as id from unique_mails"],
  ["JSON of it beside other JSON", "select data || jsonb_build_object('m', email) from documents"],
  ["a JSON path over a row", "select jsonb_path_query(to_jsonb(d), '$.email') from documents d"],
  ["a record's fields", "select * from jsonb_each_text((select to_jsonb(d) from documents d))"],
  [
    "a record by its definition",
    "select x from customers c, jsonb_to_record(to_jsonb(c)) as t (email text), lateral (select t.email as x) l order by c.id",
  ],
  [
    "XPATH",
    "select unnest(xpath('//email/text()', (select xmlelement(name r, xmlforest(email)) from customers where id = 1)))",
  ],
  [
    "XMLTABLE",
    "select x.e from customers c, xmltable('/r' passing xmlelement(name r, c.email) columns e text path '.') x order by c.id",
  ],
  [
    "GROUPING SETS",
    "select email from customers group by grouping sets ((email), ()) order by count(*) desc limit 1",
  ],
  ["DISTINCT", "select distinct on (id) email from customers order by id"],
  [
    "a window over it",
    "select first_value(email) over w, lead(email) over w from customers window w as (order by id)",
  ],
  ["COPY of the table", "copy customers to stdout"],
  ["COPY of a column", "copy customers (email) to stdout"],
  ["COPY as CSV with a header", "copy customers to stdout with (format csv, header, force_quote *)"],
  ["COPY in binary", "copy customers to stdout with (format binary)"],
  ["COPY of an expression", "copy (select upper(email), array[email] from customers order by id) to stdout"],
  ["COPY with another delimiter", "copy customers to stdout with (delimiter '@', null 'a')"],
  [
    "COPY of a materialised view's query",
    "copy (select contact from customer_mv order by id) to stdout (format csv, quote 'c', escape 'd')",
  ],
  [
    "EXPLAIN, whose filter shows what was asked",
    "explain (costs off) select email from customers where id = 1",
  ],
  ["an empty relation's expression", "select email from customers where false"],
  ["a condition that is not on it", "select email from customers where city = 'Ulm'"],
] as const)
  allowed(tries, sql);

allowed("a cursor's FETCH", [
  "begin",
  "declare c cursor for select email from customers order by id",
  "fetch 2 from c",
  "fetch all from c",
  "commit",
]);
allowed("a cursor over an expression", [
  "begin",
  "declare c cursor for select upper(email), customers from customers order by id",
  "fetch all c",
  "commit",
]);
allowed("a holdable cursor in binary", [
  "declare c binary cursor with hold for select email from customers order by id",
  "fetch all from c",
  "close c",
]);
// Which cursors of SQL's are portals of the protocol's is not kept.
unknown("a cursor, by its portal", [
  "begin",
  "declare c cursor for select email from customers order by id",
  { execute: "c" },
  { sync: true },
  "commit",
]);
allowed("a prepared statement", [
  "prepare p (int) as select email, upper(email) from customers where id = $1",
  "execute p (1)",
]);
allowed("COPY of a prepared statement's like", ["prepare p as select email from customers", "execute p"]);
allowed("a portal in parts", [
  { parse: "select email from customers order by id" },
  { bind: "" },
  { execute: "", rows: 1 },
  { execute: "", rows: 1 },
  { execute: "" },
  { sync: true },
]);
allowed(
  "a portal in binary",
  extended("select c, email::bytea, array[email], row(email, 1) from customers c order by id", [], true),
);
allowed(
  "several statements in one text",
  "select 1; select email from customers order by id; select lower(email) from customers order by id",
);
allowed("the same name for another table", [
  { parse: "select name from customers order by id", name: "s" },
  { bind: "s" },
  { execute: "" },
  { close: "S", name: "s" },
  { parse: "select email as name from customers order by id", name: "s" },
  { bind: "s" },
  { execute: "" },
  { sync: true },
]);
allowed("under another search_path", [
  "set search_path = public, hidden",
  "select email from customers order by id",
  "select lower(email) from customers order by id",
]);
refused(
  "crosstab, whose columns nobody knows",
  "select * from crosstab('select 1, name, email from customers') as t (a int, b text, c text)",
);
refused(
  "a set of rows by dblink",
  "select * from dblink('dbname=shop', 'select email from customers') as t (x text)",
);
refused("a function that reads them", "select * from reads_emails()");
refused("a function that gives a row", "select (reads_row(1)).email");
allowed("a view over a function that reads them", "select contact from over_function");

allowed("a composite", "select c from contacts");
allowed("a composite as text", "select c::text, to_json(c) from contacts");

allowed("other columns stay clear", "select name, city from customers order by id", { shows: "Ulm" });
allowed(
  "other columns of an expression stay clear",
  "select upper(name) || '/' || city from customers order by id",
  { shows: "ADA/Ulm" },
);
allowed("other columns of a view stay clear", "select name from customer_view order by id", { shows: "Ada" });
allowed("other columns of a COPY stay clear", "copy (select name from customers order by id) to stdout", {
  shows: "Ada\n",
});
allowed("other columns beside a masked one stay clear", "select email, city from customers order by id", {
  shows: "Bonn",
});
allowed("a count stays clear", "select count(*) from customers", { shows: "3" });
allowed(
  "other columns of a cursor stay clear",
  [
    "begin",
    "declare c cursor for select name, email from customers order by id",
    "fetch all from c",
    "commit",
  ],
  { shows: "Cem" },
);
allowed("other fields of a composite stay clear", "select (c).phone from contacts", { shows: "0731" });
allowed("other fields of a relation's composite stay clear", "select (x.c).phone || '!' from contacts x", {
  shows: "0731!",
});
allowed("other JSON stays clear", "select data from documents", { shows: '{"plain": 1}' });

export const maskShapes = attacks;
