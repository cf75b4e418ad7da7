/** A function that says in the server's log, and to its caller, that it ran; and changes something. */
function witness(name: string, parameters: string, returns: string, value: string, marked = ""): string {
  return `create function ${name}(${parameters}) returns ${returns} language plpgsql ${marked} as $$
    begin raise notice 'ran ${name}'; raise log 'ran ${name}';
    if current_setting('transaction_read_only') = 'off' then perform nextval('ran'); end if;
    return ${value}; end $$;`;
}

/** Things somebody made that run more than a statement over them shows. */
export const attackSchema = `
create sequence ran;
create table orders (id int primary key, note text, total int);
insert into orders values (1, 'first', 10), (2, 'second', 20);
create table hides (renamed int);
insert into hides values (1);
${witness("renamed", "h hides", "int", "1")}
${witness("bump", "n int", "int", "n")}
${witness("delete_order", "o orders", "int", "1")}
${witness("of_number", "n int", "int", "1")}
${witness("by_sign", "a int, b int", "int", "1")}
${witness("to_mood", "n int", "mood", "'happy'").replace("create function", "create type mood as enum ('happy', 'sad'); create function")}
${witness("to_flag", "n text", "flag", "row(1)::flag").replace("create function", "create type flag as (n int); create function")}
${witness("checked", "n int", "boolean", "true")}
${witness("allowed", "n int", "boolean", "true")}
${witness("valued", "", "int", "7")}
${witness("initcap", "n int", "int", "1")}
${witness("summed", "a int, b int", "int", "coalesce(a, 0) + b")}
create function stable_liar(n int) returns int language sql stable as 'select public.bump(n)';
create function stable_of_liar(n int) returns int language plpgsql immutable as 'begin return "stable_liar"(n); end';
create function stable_sign(n int) returns int language plpgsql stable as 'begin return n @@@ n; end';
create function calm(n int) returns int language sql stable as 'select $1 + 1';
create function only_asked(n int) returns int language plpgsql as 'begin return n; end';
create operator @@@ (leftarg = int, rightarg = int, function = by_sign);
create cast (int as mood) with function to_mood(int);
create function of_flag(f flag) returns int language plpgsql immutable as 'begin return f.n; end';
create domain small as int check (checked(value));
create domain smaller as small;
create type has_small as (a small);
create aggregate total_of(int) (sfunc = summed, stype = int);
create view bumped as select bump(id) as n, note from orders;
create view over_view as select n from bumped;
create view by_liar as select stable_of_liar(id) as n from orders;
create view by_stable_sign as select stable_sign(id) as n from orders;
create view calm_view as select calm(id) as n, id, note from orders;
create view seen_sequence as select nextval('ran') as n;
create function reads_view() returns int language plpgsql stable as 'begin return (select max(n) from over_view); end';
create view by_view as select reads_view() as n;
create function reads_sequence() returns bigint language sql stable as 'select n from seen_sequence';
create view by_sequence as select reads_sequence() as n;
create function makes_small() returns int language plpgsql immutable as 'begin return 5::smaller; end';
create view by_domain as select makes_small() as n;
create function makes_mood(n int) returns text language plpgsql stable as 'begin return n::mood::text; end';
create view by_cast as select makes_mood(1) as n;
create function to_text(f flag) returns text language sql as 'select initcap(1)::text';
create cast (flag as varchar) with function to_text(flag);
create function makes_text(n int) returns text language sql stable as 'select row(n)::flag::character varying';
create view by_text as select makes_text(1) as n;
create function reads_calm() returns bigint language sql stable as 'select count(n) from calm_view';
create view by_calm as select reads_calm() as n;
create table ruled (id int);
create rule also as on insert to ruled do also select bump(1);
create table removing (id int);
create rule away as on insert to removing do also delete from orders where id = new.id;
create table secured (id int, n int);
insert into secured values (1, 1);
alter table secured enable row level security;
alter table secured force row level security;
create policy mine on secured using (allowed(id));
create function reads_secured() returns bigint language sql stable as 'select count(*) from secured';
create view by_policy as select reads_secured() as n;
create table asked (id int);
alter table asked enable row level security;
create policy others on asked using (id in (select id from orders));
create view checked_view as select id from asked where id in (select id from orders) with check option;
create view over_checked as select id from checked_view;
create table defaulted (id int, n int default valued());
create table generated (id serial primary key, note text);
create table keeps_small (n small);
create domain feeling as mood;
create type has_mood as (m mood);
create type small_range as range (subtype = small, multirange_type_name = small_ranges);
create domain order_of as orders check (checked((value).id));
create table many_small (id int, n small, all_of small[]);
create function keeps_one() returns int language plpgsql stable as
  'declare one many_small.n%type; begin one := 5; return one; end';
create function takes_small(n small) returns int language plpgsql stable as 'begin return 1; end';
create view by_argument as select takes_small(5) as n;
create function gives_small() returns small language plpgsql stable as 'begin return 5; end';
create view by_result as select gives_small() as n;
create view by_column as select keeps_one() as n;
create domain from_nowhere as int default valued();
create table keeps_default (id int, n from_nowhere);
create function calmly(a int, b int) returns boolean language plpgsql immutable as 'begin return a = b; end';
${witness("loudly", "a int, b int", "boolean", "a <> b")}
create operator !=== (leftarg = int, rightarg = int, function = loudly);
create operator === (leftarg = int, rightarg = int, function = calmly, negator = !===);
create function not_calmly(n int) returns boolean language sql stable begin atomic select not n === 1; end;
create view by_negator as select not_calmly(id) as n from orders;
create function given_small(n int default 5::small) returns int language sql stable as 'select $1';
create view by_given as select given_small() as n;
create function "İΣ"(h hides) returns int language sql as 'select bump(1)';
create function of_letters() returns text language sql stable as 'select (h).İΣ::text from hides h';
create view by_letters as select of_letters() as n;
create view 🂡 as select n from bumped;
create function of_card() returns bigint language sql stable as 'select count(n) from 🂡';
create view by_card as select of_card() as n;
create view information_schema.among as select bump(1) as n;
create view moved as select bump(1) as n;
alter view moved set schema pg_catalog;
create table parent (id int primary key);
create table child (id int primary key references parent on delete cascade);
create table grandchild (id int references child on delete cascade on update cascade);
create table loose (id int references parent on delete set null);
insert into parent values (1);
`;

export interface Attack {
  readonly text: string;
  /** What runs without looking like it. */
  readonly runs: string;
}

/** Each of them reads, by its text alone. */
export const readingAttacks: readonly Attack[] = [
  { text: "select n from bumped", runs: "bump" },
  { text: "select * from over_view", runs: "bump" },
  { text: "table bumped", runs: "bump" },
  { text: "select (select max(n) from public.over_view)", runs: "bump" },
  { text: "with x as (select * from over_view) select * from x", runs: "bump" },
  { text: "copy bumped to stdout", runs: "bump" },
  { text: "copy (select * from over_view) to stdout", runs: "bump" },
  { text: "explain analyze select * from bumped", runs: "bump" },
  { text: "select n from by_liar", runs: "bump" },
  { text: "select n from by_stable_sign", runs: "by_sign" },
  { text: "select n from by_view", runs: "bump" },
  { text: "select n from by_domain", runs: "checked" },
  { text: "select n from by_cast", runs: "to_mood" },
  { text: "select n from by_text", runs: "initcap" },
  { text: "select n from by_column", runs: "checked" },
  { text: "select n from by_argument", runs: "checked" },
  { text: "select n from by_result", runs: "checked" },
  { text: "select n from by_negator", runs: "loudly" },
  { text: "select id from orders where not id === 1", runs: "loudly" },
  { text: "select n from by_given", runs: "checked" },
  { text: "select n from by_letters", runs: "bump" },
  { text: "select n from by_card", runs: "bump" },
  { text: "select n from information_schema.among", runs: "bump" },
  { text: "select n from pg_catalog.moved", runs: "bump" },
  { text: "select n from moved", runs: "bump" },
  { text: "select c.delete_order from orders c", runs: "delete_order" },
  { text: "select orders.delete_order from orders", runs: "delete_order" },
  { text: "select public.orders.delete_order from public.orders", runs: "delete_order" },
  { text: "select c.delete_order from (select * from orders) c", runs: "delete_order" },
  { text: "with c as (select * from orders) select c.delete_order from c", runs: "delete_order" },
  { text: "select h.renamed from hides h (x)", runs: "renamed" },
  { text: "select g.of_number from generate_series(1, 1) g", runs: "of_number" },
  { text: "select generate_series.of_number from generate_series(1, 1)", runs: "of_number" },
  { text: "select 1 from orders c order by c.delete_order", runs: "delete_order" },
  { text: "select 1 @@@ 2", runs: "by_sign" },
  { text: "select id from orders where id @@@ 2 = 1", runs: "by_sign" },
  { text: "select 2 = any (array(select 1 @@@ id from orders))", runs: "by_sign" },
  { text: "select 1::mood", runs: "to_mood" },
  { text: "select cast(id as mood) from orders", runs: "to_mood" },
  { text: "select 1::public.mood::text", runs: "to_mood" },
  { text: "select 5::small", runs: "checked" },
  { text: "select smaller '5'", runs: "checked" },
  { text: "select '{1,2}'::small[]", runs: "checked" },
  { text: "select '(5)'::has_small", runs: "checked" },
  { text: "select row(5)::has_small", runs: "checked" },
  { text: "select * from json_to_record('{\"a\": 1}') as r (a small)", runs: "checked" },
  { text: "select '{[1,2]}'::small_ranges", runs: "checked" },
  { text: "select 1::feeling", runs: "to_mood" },
  { text: "select row(1)::has_mood", runs: "to_mood" },
  { text: "select o.order_of from orders o", runs: "checked" },
  { text: "select x.small from generate_series(1, 1) x", runs: "checked" },
  { text: "select all_of = '{5}' from many_small", runs: "checked" },
  { text: "select coalesce(m, '(1,5,)') from many_small m", runs: "checked" },
  { text: "select coalesce(x.m, '(1,5,)') from (select m from many_small m) x", runs: "checked" },
  { text: "select case when true then m.* else '(1,5,)' end from many_small m", runs: "checked" },
  { text: "select initcap(5)", runs: "initcap" },
  { text: "select (5).initcap", runs: "initcap" },
];

/** What a statement over extensions and calm things reads, whoever made them. */
export const ordinary: readonly string[] = [
  "select 1",
  "select * from orders",
  "select k.*, k.n from keeps_small k where n = '5'",
  "select * from keeps_default",
  "select c.total, c.id, c.ctid from orders c",
  "select n, note from calm_view",
  "select n from by_calm",
  "select lower(note), upper(note), count(*) from orders group by note having count(*) > 0 order by 1",
  "select (c).total from orders c",
  "with x as (select id as total from orders) select x.total from x",
  "select o.total from (select * from orders) o where o.id between 1 and 2",
  "select jsonb_build_object('a', 1) -> 'a'",
  "select 'a'::citext = 'A'",
  "select split_part('a,b'::citext, ','::citext, 1), replace('a'::citext, 'A', 'b')",
  "select note from orders where note % 'first' order by note <-> 'first'",
  "select note from orders where note operator(public.%) 'first'",
  "select relname from pg_class c where c.relkind = 'r' and pg_table_is_visible(c.oid)",
];
