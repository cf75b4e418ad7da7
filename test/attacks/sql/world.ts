/** The database that the corpus attacks: what an attacker would find, and wish for. */
import { behind } from "./world-behind.ts";

/** Values of masked columns: in `shop`, and what they are instead in its twin. Nothing else differs. */
export const secrets = {
  shop: ["ada.canary-0417@example.com", "bo.canary-0934@example.org", "cem.canary-7731@example.net"],
  twin: ["zoe.fnord-55@example.edu", "xaver.fnord-668877@example.info", "yu.fnord-9@example.dev"],
} as const;

/** Of another session's statement, and of a large object. */
export const elsewhere = "dora.canary-2286@example.com";

/** Everything but the masked values. Roles and extensions are in `once`: those belong to the whole server. */
export const world = `
create extension dblink;
create extension postgres_fdw;
create extension file_fdw;
create extension tablefunc;
create extension pgcrypto;
create extension hstore;
create extension lo;

create table customers (id int primary key, name text, email text, city text, boss int);
insert into customers values
  (1, 'Ada', 'empty', 'Ulm', null), (2, 'Bo', 'empty', 'Bonn', 1), (3, 'Cem', 'empty', 'Jena', 1);
create table orders (id serial primary key, note text, customer int references customers on delete cascade);
insert into orders (note, customer) values ('first', 1), ('second', 2), ('third', 3);
create table order_items (
  id int primary key, order_id int references orders on delete cascade on update cascade, what text);
insert into order_items values (1, 1, 'pen'), (2, 2, 'ink');
create table notes (id int, body text, who text);
insert into notes values (1, 'a plain note', 'Ada');
create table audit_log (at timestamptz, what text);
create table unique_mails (email text primary key);
insert into unique_mails select email from customers where id = 1;
create table "Mixed Case" ("Id" int, "E-Mail" text);
insert into "Mixed Case" values (1, 'plain');
create schema hidden;
create table hidden.orders (id int, note text);
insert into hidden.orders values (77, 'from the hidden schema');
create schema attic;
create table attic.unused (id int);

create table people (id int, email text);
create table employees (badge int) inherits (people);
insert into employees values (9, 'empty', 900);
create table events (id int, email text) partition by range (id);
create table events_low partition of events for values from (0) to (100);
insert into events values (5, 'empty');
do $f$ begin
  if current_setting('server_version_num')::int < 160000 then
    create table mails (id int, email text, tag text);
    create table mails_low (tag text generated always as (upper(email)) stored) inherits (mails);
  else
    create table mails (id int, email text, tag text generated always as ('none') stored) partition by range (id);
    create table mails_low partition of mails (tag generated always as (upper(email)) stored)
      for values from (0) to (100);
  end if;
end $f$;
insert into mails_low (id, email) values (6, 'empty');
create table derived (
  email text, mailbox text generated always as (split_part(email, '@', 1)) stored, domain text);
insert into derived values ('empty');
create table documents (id int, data jsonb, email text);
insert into documents values (1, '{"plain": 1}', 'empty');
create type contact as (email text, phone text);
create table contacts (id int, c contact);
insert into contacts values (1, row('empty', '0731')::contact);
create type mood as enum ('glad', 'sad');

create view customer_view as select id, name, email from customers;
create view customer_alias as select id, email as contact, lower(email) as low from customers;
create view order_view as select id, note, customer from orders;
create view hidden_view as select * from hidden.orders;
create view swapped_contacts as select id, row((c).phone, (c).email)::contact as c from contacts;
create view joined as select o.note, c.email as contact from orders o join customers c on c.id = o.customer;
create materialized view customer_mv as select id, email as contact, city from customers;
create sequence invoice_no;
create index on customers (lower(email));
create statistics customer_stats (mcv) on city, email from customers;

create server files foreign data wrapper file_fdw;
create server loopback foreign data wrapper postgres_fdw options (host '127.0.0.1', dbname 'shop');
create user mapping for postgres server loopback options (user 'postgres', password 'unused');
create publication of_notes for table attic.unused;
${behind}
`;

/** Fills the masked columns, in a database and in its twin alike. */
export function fill(values: readonly string[]): string {
  const [one = "", two = "", three = ""] = values;
  return `
update customers set email = case id when 1 then '${one}' when 2 then '${two}' else '${three}' end;
update unique_mails set email = '${one}';
update people set email = '${two}';
update events set email = '${three}';
update mails set email = '${one}';
update derived set email = '${one}', domain = 'kept';
update documents set email = '${two}';
update contacts set c.email = '${three}';
refresh materialized view customer_mv;
analyze;
`;
}

/** What a server has once. */
export const once = `
create role victim login;
create role grantee;
`;
