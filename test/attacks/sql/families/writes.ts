import { extended, family } from "../attack.ts";

/** A right to write public.orders, and what else a write could reach. */
const { attacks, refused, allowed } = family("a write that reaches further", "write-orders");
const writes = ["public.orders", "public.audit_log"];

refused("deletes", "delete from orders where id = 1");
refused("deletes and what refers to it", "delete from orders");
refused("truncates", "truncate orders");
refused("writes another table", "insert into notes values (1, 'x', 'y')");
refused(
  "writes another in a WITH query",
  "with n as (insert into notes values (1, 'x', 'y')) insert into orders (note) values ('x')",
);
refused(
  "deletes in a WITH query of an INSERT",
  "with d as (delete from notes returning body) insert into orders (note) select body from d",
);
refused("writes the table of that name in another schema", "insert into hidden.orders values (1, 'x')");
refused("writes it after a change of the path", [
  "set search_path = hidden",
  "insert into orders values (1, 'x')",
]);
refused("sets off a rule that deletes customers", "update boom set note = 'loud'");
refused("writes by a rule", "insert into ruled values (1, 'x')");
refused(
  "merges into another",
  "merge into notes n using orders o on n.id = o.id when not matched then insert values (o.id, o.note, 'x')",
);
refused(
  "merges and deletes",
  "merge into orders o using customers c on o.customer = c.id when matched then delete",
);
refused("writes what a function makes", "insert into orders (note) values (add_note('x'))");
refused("writes what a function in a default makes", "insert into lazy (id) values (1)");
refused("copies into another", "copy notes from stdin");
refused("copies in from a file", "copy orders (note) from '/etc/passwd'");
refused("copies in from a program", "copy orders (note) from program 'touch {loot}/ran; echo x'");
refused("changes its definition", "alter table orders alter note set default 'x'");
refused("gives it away", "grant select on orders to victim");
refused("makes a table of it", "create table stolen as select * from orders");
refused("sets its sequence back", "select setval('orders_id_seq', 1, false)");
refused(
  "takes another sequence's number",
  "insert into orders (id, note) values (nextval('invoice_no'), 'x')",
);
refused("writes the settings' view", "update pg_settings set setting = 'off' where name = 'fsync'");
refused("writes the catalogue", "update pg_class set relname = 'x' where relname = 'orders'");
refused(
  "runs a block that would only write it",
  "do $$ begin insert into orders (note) values ('x'); end $$",
);
refused(
  "upserts from a query that deletes",
  "with d as (delete from customers returning id) insert into orders (note) select 'x' from d on conflict do nothing",
);
refused(
  "writes several tables in one text",
  "insert into orders (note) values ('x'); insert into notes values (1, 'x', 'y')",
);
refused("writes another in a transaction that is rolled back", [
  "begin",
  "insert into notes values (1, 'x', 'y')",
  "rollback",
]);
refused("writes another in the extended protocol", extended("insert into notes values ($1)", ["1"]));
refused(
  "writes through a view, which is another thing",
  "update order_view set note = 'by view' where id = 2",
);
refused("notifies", "notify orders");
refused("locks another", "lock table notes in share mode");
refused("reads another for update", "select * from notes for update");
refused("joins another for update", "select o.id from orders o join customers c on true for update");

allowed("inserts", "insert into orders (note) values ('new')", { writes });
allowed(
  "inserts in the extended protocol",
  extended("insert into orders (note, customer) values ($1, $2)", ["bound", "1"]),
  { writes },
);
allowed("updates", "update orders set note = 'changed' where id = 2", { writes });
allowed("reads for update", ["begin", "select note from orders where id = 3 for update", "commit"], {
  shows: "third",
});
allowed("inserts and shows", "insert into orders (note) values ('shown') returning note", {
  writes,
  shows: "shown",
});
allowed(
  "upserts",
  "insert into orders (id, note) values (1, 'up') on conflict (id) do update set note = excluded.note",
  { writes },
);
allowed(
  "in a WITH query",
  "with i as (insert into orders (note) values ('cte') returning note) select note from i",
  { writes, shows: "cte" },
);
allowed(
  "in a transaction that is rolled back",
  ["begin", "insert into orders (note) values ('gone')", "rollback"],
  { writes },
);
allowed("copies in", "copy orders (id) from stdin", { writes });
allowed("prepared", ["prepare p (text) as insert into orders (note) values ($1)", "execute p ('by name')"], {
  writes,
});
allowed("changes a key that others refer to, who follow", "update orders set id = id + 1000 where id = 1", {
  writes: [...writes, "public.order_items"],
});
allowed("writes what has a rule for something else", "insert into boom values (2, 'x')", {
  writes: ["public.boom"],
});
allowed("explains and analyses", "explain analyze insert into orders (note) values ('explained')", {
  writes,
});

export const writing = attacks;
