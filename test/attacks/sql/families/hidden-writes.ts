import { extended, family } from "../attack.ts";

/** Statements that write without beginning with INSERT, UPDATE or DELETE. */
const { attacks, refused, allowed } = family("writes that do not look like it", "read");

refused(
  "inserts in a WITH query",
  "with w as (insert into orders (note) values ('x') returning id) select * from w",
);
refused("deletes in a WITH query", "with gone as (delete from orders returning *) select count(*) from gone");
refused(
  "updates in a WITH query",
  "with u as (update orders set note = 'x' returning note) select note from u",
);
refused(
  "updates in the second WITH query, which nobody reads",
  "with a as (select 1), b as (update orders set note = 'x') select * from a",
);
refused(
  "inserts in a WITH query whose name is that of the table",
  "with orders as (insert into orders (note) values ('x') returning id) select * from orders",
);
refused(
  "inserts in a WITH query inside a WITH query",
  "with a as (with b as (insert into notes values (1, 'x', 'y') returning id) select * from b) select * from a",
);
refused(
  "deletes in a recursive WITH",
  "with recursive d as (delete from notes returning id), n as (select 1 as x union all select x + 1 from n where x < 2) select * from n",
);
refused(
  "merges in a WITH query",
  "with m as (merge into orders o using customers c on o.id = c.id when matched then update set note = 'm' returning o.id) select * from m",
  { only: 18 },
);
refused("merges", "merge into orders o using (select 1 as id) s on o.id = s.id when matched then delete");
refused("selects into a table", "select * into stolen from orders");
refused("selects into a table by TABLE", "select id into table stolen from orders where false");
refused("selects into a temporary table", "select * into temp stolen from orders");
refused("selects into an unlogged table", "select * into unlogged stolen from orders");
refused("makes a table of a query", "create table stolen as select * from orders");
refused("makes a table of TABLE", "create table stolen as table orders");
refused("makes a table of VALUES", "create table stolen as values (1), (2)");
refused(
  "makes a table without data",
  "create table if not exists stolen as select * from orders with no data",
);
refused("makes a temporary table of a query", "create temp table orders as select 99 as id");
refused("makes a table of a prepared statement", [
  "prepare p as select * from orders",
  "create table stolen as execute p",
]);
refused("makes a materialised view", "create materialized view stolen as select * from orders");
refused("explains and analyses an INSERT", "explain analyze insert into orders (note) values ('x')");
refused("the option in parentheses", "explain (analyze) delete from orders");
refused("the option is 1", "explain (analyze 1) delete from orders");
refused("the option is a quoted on", "explain (analyze 'on') delete from orders");
refused("the option in capital letters", "explain (ANALYZE TRUE, verbose off) delete from orders");
refused("the option twice, off at first", "explain (analyze false, analyze true) delete from orders");
refused(
  "the option twice, on at first",
  "explain (analyze true, analyze false, costs off) delete from orders",
);
refused(
  "the option behind others",
  "explain (costs off, timing off, analyze, summary off) update orders set note = 'x'",
);
refused("the other spelling", "explain analyse delete from orders");
refused("the other spelling as an option", "explain (analyse) delete from orders");
refused("quoted", 'explain ("analyze") delete from orders');
refused("analyses verbosely", "explain analyze verbose delete from orders");
refused("analyses a CREATE TABLE AS", "explain analyze create table stolen as select 1");
refused("analyses a prepared INSERT", [
  "prepare p as insert into orders (note) values ('x')",
  "explain analyze execute p",
]);
refused(
  "analyses a WITH that deletes",
  "explain (analyze, format json) with d as (delete from orders) select 1",
);
refused(
  "makes a table by EXPLAIN ANALYZE of a DECLARE",
  "explain analyze declare c cursor for select * from orders for update",
);
refused("locks rows", "select * from orders for update");
refused("locks rows of a subquery", "select * from (select * from orders for no key update) q");
refused("locks rows for share", "select * from orders for share");
refused("locks rows and skips locked ones", "select id from orders for key share skip locked");
refused("locks rows of one alias of two", "select c.id from customers c, orders o for update of o nowait");
refused("locks rows in a WITH query", "with l as (select * from orders for update) select 1 from l");
refused("locks rows by a cursor", [
  "begin",
  "declare c cursor for select * from orders for update",
  "commit",
]);
refused("inserts in the extended protocol", extended("insert into orders (note) values ($1)", ["x"]));
refused(
  "deletes in a WITH query in the extended protocol",
  extended("with d as (delete from orders returning id) select * from d"),
);
refused("copies in", "copy orders (note) from stdin");
refused("copies a query that deletes", "copy (delete from orders returning *) to stdout");
refused(
  "copies a query that inserts in a WITH",
  "copy (with i as (insert into orders (note) values ('x') returning *) select * from i) to stdout",
);
refused("truncates", "truncate orders cascade");
refused("truncates by TABLE", "truncate table only orders restart identity");
refused("inserts default values", "insert into orders default values");
refused("inserts what another query says", "insert into orders (id, note) select 100 + id, note from orders");
refused("updates from a join", "update orders o set note = c.name from customers c where c.id = o.customer");
refused("deletes using a join", "delete from orders using customers where customers.id = orders.customer");
refused(
  "upserts",
  "insert into orders (id, note) values (1, 'x') on conflict (id) do update set note = excluded.note",
);
refused("upserts and does nothing", "insert into orders (id, note) values (1, 'x') on conflict do nothing");
refused("writes through a view", "update order_view set note = 'x' where id = 1");
refused("deletes by a rule of a view", "delete from ruled_view");
refused("inserts by a rule of a table", "insert into ruled values (1, 'x')");
refused("moves the current row of a cursor", [
  "begin",
  "declare c cursor for select * from orders",
  "fetch c",
  "update orders set note = 'x' where current of c",
  "rollback",
]);

allowed(
  "a WITH query that only reads",
  "with w as (select id, note from orders) select note from w order by id",
  { shows: "first" },
);
allowed("a table called insert", 'with "insert" as (select 41 + 1 as answer) select answer from "insert"', {
  shows: "42",
});
allowed("a column called delete", 'select note as "delete" from orders order by id', { shows: "first" });
allowed("a text that says drop table", "select 'drop table orders; delete from orders' as harmless", {
  shows: "drop table orders; delete from orders",
});
allowed("EXPLAIN of a DELETE, which only plans it", "explain delete from orders");
allowed(
  "EXPLAIN ANALYZE of a SELECT",
  "explain (analyze, costs off, timing off, summary off) select id from orders where id = 1",
);
allowed(
  "EXPLAIN that is clearly not ANALYZE",
  "explain (analyze off, costs off) update orders set note = 'x'",
);
allowed(
  "a recursive WITH",
  "with recursive n as (select 1 as x union all select x + 1 from n where x < 5) select sum(x) from n",
  { shows: "15" },
);
allowed("TABLE", "table orders", { shows: "first" });
allowed("VALUES", "values (1, 'eins'), (2, 'zwei')", { shows: "zwei" });
allowed(
  "a cursor that reads",
  ["begin", "declare c cursor for select note from orders order by id", "fetch 2 from c", "commit"],
  { shows: "second" },
);
allowed("copies a query out", "copy (select note from orders order by id) to stdout", { shows: "first\n" });
allowed("copies a table out", "copy orders (note) to stdout with (format csv)", { shows: "second\n" });
allowed("the extended protocol", extended("select note from orders where id = $1", ["2"]), {
  shows: "second",
});
allowed(
  "a lateral join with windows",
  "select c.name, o.n, row_number() over (order by o.n) from customers c, lateral (select note as n from orders where customer = c.id) o order by 3",
  { shows: "Ada" },
);

export const hiddenWrites = attacks;
