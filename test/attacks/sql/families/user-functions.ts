import { family } from "../attack.ts";

/** Functions that somebody made in the database, called by their name and in every other way. */
const { attacks, refused, allowed } = family("functions of the database", "read");

refused("calls a volatile function", "select add_note('x')");
refused("calls one in SQL", "select add_note_sql('x')");
refused("calls it qualified", "select public.add_note('x')");
refused("calls it quoted", 'select "public"."add_note"(\'x\')');
refused("calls it with a named argument", "select add_note(body => 'x')");
refused("calls it with the old named argument", "select add_note(body := 'x')");
refused("calls a stable one that calls a volatile one", "select stable_note()");
refused("calls an immutable one that executes a text", "select immutable_note()");
refused("calls one with its maker's rights", "select definer_note()");
refused("calls one whose default writes", "select default_note()");
refused("calls a variadic one", "select many_notes('a', 'b')");
refused("calls a variadic one by array", "select many_notes(variadic array['a'])");
refused("calls a procedure", "call note_procedure('x')");
refused("calls a procedure in the database's schema", "call public.note_procedure(body => 'x')");
refused("runs a block", "do $$ begin insert into notes values (1, 'x', 'do'); end $$");
refused("runs a block in a language by name", "do language plpgsql 'begin perform add_note(''x''); end'");
refused("runs an empty block", "do $x$ begin null; end $x$");
refused("calls by a column's notation", "select o.shred from orders o");
refused("calls by a field's notation", "select (o).shred from orders o");
refused("calls by the field of a subquery's row", "select (q.o).shred from (select o from orders o) q");
refused("calls by a field of a value", "select (42).delete_order");
refused("calls by a field of a text", "select ('x'::text).add_note");
refused("calls by an alias' field in a condition", "select 1 from orders x where x.shred is null");
refused("calls by a field in ORDER BY", "select id from orders order by orders.shred");
refused(
  "calls by a view's row",
  "select v.shred from (select o.* from orders o) as v(a, b, c), lateral (select 1) z where (row(1,'a',1)::orders).shred is null",
);
refused("calls an overload of upper", "select upper(1)", { on: "trap" });
refused("calls an overload of upper through a column", "select upper(id) from orders", { on: "trap" });
refused("calls an overload of what became syntax later", "select json_object(7, 7)", { on: "trap" });
refused("calls an overload of now", "select now('x')", { on: "trap" });
refused("calls an overload of md5", "select md5(7)", { on: "trap" });
refused("calls an overload of count for a row", "select count(o) from orders o group by o", { on: "trap" });
refused("calls an overload of count by notation", "select o.count from orders o", { on: "trap" });
refused("calls a function in another schema of a built-in's name", "select hidden.upper('x')");
refused("calls an operator of somebody's", "select 1 @@@ o from orders o");
refused("calls a prefix operator of somebody's", "select !@! 'x'::text");
refused("calls an operator by OPERATOR()", "select 1 operator(hidden.=) 1");
refused(
  "calls an operator in a join",
  "select 1 from orders a join orders b on a.id operator(hidden.=) b.id",
);
refused("calls an operator in ANY", "select 1 operator(hidden.=) any (array[1, 2])");
refused("calls an operator that overloads +", "select 'x'::text + 1", { on: "trap" });
refused("calls an operator through an overloaded + with a column", "select note + 1 from orders", {
  on: "trap",
});
refused("calls by a cast", "select 'x'::text::box_of_notes");
refused("calls by CAST", "select cast(note as box_of_notes) from orders");
refused("calls by a type's name as a function", "select box_of_notes('x'::text)");
refused("calls by an implicit cast", "select likes_mood(7)", { on: "trap" });
refused("calls by a cast to an enum", "select 1::mood", { on: "trap" });
refused("calls by a domain's check", "select 'x'::noted");
refused("calls by a domain's check of a column", "select cast(note as noted) from orders");
refused("calls by a domain in an array", "select array['x']::noted[]");
refused("calls by a domain of JSON's values", 'select * from json_to_record(\'{"a": "x"}\') as t (a noted)');
refused(
  "calls by a domain in json_populate_record's row",
  'select * from jsonb_to_recordset(\'[{"a": "x"}]\') as t (a noted)',
);
refused(
  "calls by a domain of a XMLTABLE's column",
  "select * from xmltable('/a' passing '<a>x</a>' columns b noted path '.')",
);
refused("calls by an aggregate", "select noting_sum(id) from orders");
refused("calls by an aggregate as a window", "select noting_sum(id) over (order by id) from orders");
refused(
  "calls by an aggregate with DISTINCT",
  "select noting_sum(distinct id) filter (where true) from orders",
);
refused("calls through a view", "select * from noting_view");
refused("calls through a view's column", "select said from noting_rows");
refused("counts a view that calls", "select count(*) from noting_view");
refused("calls through a view in a subquery", "select 1 where exists (select said from noting_rows)");
refused("calls through TABLE of a view", "table noting_view");
refused("copies a view that calls", "copy (select * from noting_view) to stdout");
refused("calls in EXPLAIN ANALYZE of a view", "explain analyze select * from noting_view");
refused("calls at planning by EXPLAIN", "explain select immutable_note()");
refused("calls by a table function's alias", "select * from add_note('x') as orders");
refused("calls in a set", "select rows_of_notes()");
refused("calls the row of a set", "select (rows_of_notes()).*");
refused("calls by a function's OID", [{ call: 0, args: [] }]);
refused("calls lo_creat by its OID", [{ call: 957, args: ["131072"] }]);
refused("calls nextval by its OID", [{ call: 1574, args: ["invoice_no"] }]);
refused("calls lo_unlink by its OID", [{ call: 964, args: ["4242"] }]);
refused("calls pg_reload_conf by its OID", [{ call: 2621, args: [] }]);
refused("calls a function named by a unicode escape", "select U&\"\\0061dd_note\"('x')");
refused("calls a function named by a chosen escape", "select U&\"!0061dd_note\" uescape '!' ('x')");
refused("calls one in a RETURNING of nothing", "insert into lazy (id) values (1)");

allowed("a view over plain functions", "select note from safe_view order by id", { shows: "FIRST" });
allowed("reads a table with a column's default that writes", "select * from lazy");
allowed("reads a table whose check writes", "select count(*) from checked", { shows: "0" });
allowed("reads a table that has rules", "select * from ruled");
allowed("reads a view that has rules", "select body from ruled_view", { shows: "x" });
allowed("a column by its relation", "select o.note, (o).id from orders o order by id", { shows: "first" });
allowed("a field of a composite value", "select (c).phone from contacts", { shows: "0731" });
allowed("shows a function's body", "select prosrc from pg_proc where proname = 'delete_order'", {
  shows: " delete from orders where id = $1 returning 1 ",
});
allowed("operators of the server", "select 1 operator(pg_catalog.+) 41", { shows: "42" });
allowed("casts of the server", "select '42'::int, cast(1 as text), date '2024-01-01' + 1", {
  shows: "2024-01-02",
});
allowed("an enum and its order", "select 'sad'::mood > 'glad'::mood", { shows: "t" });

export const userFunctions = attacks;
