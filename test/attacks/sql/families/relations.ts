import { extended, family } from "../attack.ts";

/** A right to read public.orders, and everything else by another name. */
const { attacks, refused, allowed } = family("another name for a table", "read-orders");

refused("another table", "select * from customers");
refused("another table in a join", "select c.name from orders o join customers c on c.id = o.customer");
refused(
  "another table in a subquery",
  "select (select name from customers where id = o.customer) from orders o",
);
refused(
  "another table in EXISTS",
  "select 1 from orders where exists (select 1 from customers where name like 'A%')",
);
refused("another table in IN", "select id from orders where customer in (select id from customers)");
refused("another table in a UNION", "select note from orders union select name from customers");
refused("another table in EXCEPT", "select customer from orders except all select id from customers");
refused("another table in a WITH query", "with c as (select * from customers) select * from c");
refused(
  "another table in a WITH query that hides it",
  "with customers as (select * from customers) select * from customers",
);
refused(
  "another table in a WITH query of the allowed name",
  "with orders as (select id, name as note from customers) select * from orders",
);
refused("another table behind an alias of the allowed name", "select orders.name from customers as orders");
refused(
  "another table in a lateral join",
  "select x.name from orders o, lateral (select name from customers where id = o.customer) x",
);
refused("another table in ORDER BY", "select id from orders order by (select max(id) from customers)");
refused("another table in LIMIT", "select id from orders limit (select count(*) from customers)");
refused("another table in an ARRAY", "select array(select name from customers)");
refused("another table in VALUES", "values ((select name from customers limit 1))");
refused("another table in a function's argument", "select upper((select name from customers limit 1))");
refused(
  "another table in GROUPING SETS",
  "select count(*) from orders group by grouping sets ((customer), ((select 1 from customers limit 1)))",
);
refused("another table by TABLE", "table customers");
refused("another table by COPY", "copy customers to stdout");
refused("another table by COPY of some columns", "copy customers (name) to stdout");
refused("another table by COPY of a query", "copy (select name from customers) to stdout");
refused("another table by a cursor", [
  "begin",
  "declare c cursor for select name from customers",
  "fetch c",
  "commit",
]);
refused("another table prepared", ["prepare p as select name from customers", "execute p"]);
refused("another table in EXPLAIN", "explain select * from customers");
refused(
  "another table in the extended protocol",
  extended("select name from customers where id = $1", ["1"]),
);
refused("another table with ONLY", "select name from only customers");
refused("another table with a star", "select name from customers *");
refused("another table in a sample", "select name from customers tablesample system (100)");
refused("another table in quotes", 'select name from "customers"');
refused("another table by a unicode name", 'select name from U&"\\0063ustomers"');
refused("another table with its database", "select name from shop.public.customers");
refused("the table of that name in another schema", "select note from hidden.orders");
refused("the table of that name after a change of the path", [
  "set search_path = hidden",
  "select note from orders",
]);
refused("the same in one message", "set search_path = hidden; select note from orders");
refused("the table of that name by SET LOCAL", [
  "begin",
  "set local search_path = hidden",
  "table orders",
  "commit",
]);
refused("a view over another table", "select name from customer_view");
refused("a view that joins it with another", "select contact from joined");
refused("a view over the table of that name in another schema", "select note from hidden_view");
refused("a materialised view of another", "select contact from customer_mv");
refused(
  "a row of another table as a type",
  "select (jsonb_populate_record(null::customers, to_jsonb(c))).name from customers c",
);
refused("another table by a function that reads it", "select reads_emails()");
refused("another table by a function that gives its row", "select (reads_row(1)).name");
refused(
  "another table by attribute notation",
  "select o.shred_customer from (select c from customers c) as t(o)",
);
refused("another table as XML", "select table_to_xml('customers', true, false, '')");
refused(
  "another table as XML by its query",
  "select query_to_xml('select name from customers', true, false, '')",
);
refused(
  "another table's values by its statistics",
  "select histogram_bounds from pg_stats where tablename = 'customers'",
);
refused("another table's values by the catalogue", "select stavalues1 from pg_statistic");
refused("the roles' passwords", "select rolpassword from pg_authid");
refused("the roles' passwords by their view", "select passwd from pg_shadow");
refused("who else is there", "select query from pg_stat_activity");
refused("the settings", "select * from pg_settings");
refused("the catalogue's tables", "select relname from pg_class");
refused("the information schema", "select table_name from information_schema.tables");
refused("itself through a view, which is another thing", "select note from order_view");
refused("a sequence of the table", "select last_value from orders_id_seq");
refused("a table that refers to it", "select what from order_items");
refused(
  "another in XMLTABLE",
  "select * from xmltable('/a' passing (select xmlelement(name a, name) from customers limit 1) columns a text path '.')",
);
refused("another in JSON", "select json_agg(c) from customers c");
refused(
  "another in a window",
  "select first_value((select name from customers limit 1)) over () from orders",
);
refused("another in CASE", "select case when exists (table customers) then 1 end");
refused("another in a text of two statements", "select 1 from orders; select name from customers");
refused("another, merged away", "select o.id from orders o left join customers c on false");
refused("a parent of tables", "select email from people");
refused("a child of a table", "select email from employees");
refused("a partition", "select email from events_low");

allowed("itself", "select note from orders order by id", { shows: "first" });
allowed("itself with its schema", "select note from public.orders order by id", { shows: "first" });
allowed("itself in quotes", 'select note from "public"."orders" order by id', { shows: "first" });
allowed("itself under an alias of another", "select customers.note from orders as customers order by id", {
  shows: "first",
});
allowed(
  "itself in a WITH query of another's name",
  "with customers as (select note as name from orders) select name from customers order by 1",
  { shows: "first" },
);
allowed("itself twice", "select a.note from orders a join orders b using (id) order by id", {
  shows: "first",
});
allowed("itself by COPY", "copy orders (note) to stdout", { shows: "first\n" });
allowed(
  "itself by ONLY, a star and TABLE",
  "select note from only orders union all select note from orders * union all select note from (table orders) t order by 1",
  { shows: "first" },
);
allowed("nothing", "select 1, current_date is not null, generate_series(1, 2)", { shows: "t" });
allowed("a text that names another", "select 'customers' as from_customers", { shows: "customers" });

export const relations = attacks;
