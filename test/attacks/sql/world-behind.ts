/**
 * What stands behind innocent names: functions that write though they are called by an operator, a cast, a view, a
 * default; names that look like the server's own. Part of the world (world.ts).
 */
export const behind = `
create function add_note(body text) returns text language plpgsql as
  $f$ begin insert into notes values (666, body, 'function'); return body; end $f$;
create function add_note_sql(text) returns int language sql as
  $f$ insert into notes values (667, $1, 'sql') returning id $f$;
create function stable_note() returns text language plpgsql stable as
  $f$ begin perform add_note('through a stable one'); return 'stable'; end $f$;
create function immutable_note() returns int language plpgsql immutable as
  $f$ begin execute 'insert into notes values (668, ''x'', ''immutable'')'; return 1; end $f$;
create function definer_note() returns int language sql security definer as
  $f$ insert into notes values (669, 'x', 'definer') returning 1 $f$;
create function default_note(a text default add_note('as a default')) returns text language sql stable as
  $f$ select $1 $f$;
create function many_notes(variadic texts text[]) returns int language sql as
  $f$ insert into notes select 670, t, 'variadic' from unnest(texts) t; select 1 $f$;
create function delete_order(int) returns int language sql as
  $f$ delete from orders where id = $1 returning 1 $f$;
create function shred(orders) returns int language sql as
  $f$ delete from orders where id = $1.id returning 1 $f$;
create function shred_customer(customers) returns int language sql as
  $f$ delete from customers where id = ($1).id returning 1 $f$;
create function harmless_tax(numeric) returns numeric language sql immutable as $f$ select $1 * 1.19 $f$;
create function reads_emails() returns setof text language sql stable as $f$ select email from customers $f$;
create function reads_row(int) returns customers language sql stable as
  $f$ select * from customers where id = $1 $f$;
create function shout(text) returns text language plpgsql stable as
  $f$ begin raise notice 'value is %', $1; return 'said'; end $f$;
create function rows_of_notes() returns table (id int, body text) language plpgsql as
  $f$ begin insert into notes values (671, 'x', 'set'); return query select 1, 'x'; end $f$;
create procedure note_procedure(body text) language sql as $f$ insert into notes values (672, body, 'call') $f$;

create function hidden.upper(text) returns text language sql as $f$ select add_note('shadow') $f$;
create function hidden.eq(int, int) returns boolean language sql as $f$ select add_note('equal') is null $f$;
create operator hidden.= (leftarg = int, rightarg = int, function = hidden.eq);

create function operator_note(int, orders) returns text language sql as $f$ select add_note('operator') $f$;
create operator @@@ (leftarg = int, rightarg = orders, function = operator_note);
create function prefix_note(text) returns text language sql as $f$ select add_note($1) $f$;
create operator !@! (rightarg = text, function = prefix_note);
create type box_of_notes as (body text);
create function to_notes(text) returns box_of_notes language sql as $f$ select row(add_note($1))::box_of_notes $f$;
create cast (text as box_of_notes) with function to_notes(text);
create function likes_mood(mood) returns text language sql immutable as $f$ select 'liked' $f$;
create domain noted as text check (add_note(value) is not null);
create domain noted_box as box_of_notes;
create type holds_box as (b box_of_notes);
create type noted_range as range (subtype = noted, multirange_type_name = noted_ranges);
create domain order_noted as orders check (add_note((value).note) is not null);
create table stamped (id int, stamp noted, stamps noted[]);
create function state_note(int, int) returns int language sql as $f$ select add_note('aggregate'); select $1 + $2 $f$;
create aggregate noting_sum (int) (sfunc = state_note, stype = int, initcond = '0');
create function range_note(int, int) returns double precision language sql immutable as
  $f$ select 1.0::double precision $f$;

create view noting_view as select add_note('from a view') as said;
create view noting_rows as select id, add_note(id::text) as said from orders;
create view safe_view as select id, upper(note) as note from orders;
create view over_function as select reads_emails() as contact;
create table ruled (id int, body text);
create rule ruled_insert as on insert to ruled do instead insert into notes values (new.id, new.body, 'rule');
create view ruled_view as select 1 as id, 'x'::text as body;
create rule ruled_delete as on delete to ruled_view do instead delete from customers;
create table boom (id int, note text);
insert into boom values (1, 'quiet');
create rule boom_update as on update to boom do also delete from customers where id = 3;

create table guarded (id int);
insert into guarded values (1);
create policy noting on guarded using (add_note('row security') is not null);
alter table guarded enable row level security;
alter table guarded force row level security;
create table lazy (id int, body text default add_note('column default'));
create table checked (id int check (add_note('check') is not null));

create function audit() returns trigger language plpgsql as
  $f$ begin insert into audit_log values (now(), tg_op); return coalesce(new, old); end $f$;
create trigger audited after insert or update or delete on orders for each row execute function audit();

select lo_from_bytea(4242, 'a large object with dora.canary-2286@example.com');
`;

/**
 * What makes harmless texts harmful: functions of the server's own names for other arguments, an implicit cast. In a
 * database of its own (`trap`), since beside them much that is harmless cannot be told to be.
 */
export const traps = `
create function upper(int) returns text language sql as $f$ select add_note('upper of ' || $1) $f$;
create function now(text) returns text language sql as $f$ select add_note($1) $f$;
create function md5(int) returns text language sql as $f$ select add_note('md5') $f$;
create function "json_object"(int, int) returns text language sql as $f$ select add_note('json') $f$;
create function count(orders) returns text language sql as $f$ select add_note('count') $f$;
create function plus_note(text, int) returns text language sql as $f$ select add_note($1) $f$;
create operator + (leftarg = text, rightarg = int, function = plus_note);
create function mood_note(int) returns mood language sql as $f$ select add_note('cast'); select 'glad'::mood $f$;
create cast (int as mood) with function mood_note(int) as implicit;
`;
