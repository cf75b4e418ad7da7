import { references } from "./kinds.ts";

/**
 * What is asked of a resource's catalogue about what a statement names. Every function, operator and type is named with
 * its schema; search_path is pg_catalog, so that what pg_get_viewdef and its kin write names everything in full.
 */

/** A longer body of a function is not looked through. In characters. */
const longestBody = 65_536;

const listed = (parameter: string, type: string) =>
  `array(select e.each::pg_catalog.${type} from pg_catalog.json_array_elements_text(${parameter}::pg_catalog.json) e (each))`;

/** What depends on an operator may run these too (`Own.operators`). */
const inPlace = (operator: string) => `pg_catalog.pg_operator one on one.oid = ${operator}
      join pg_catalog.pg_operator other on other.oid in (one.oid, one.oprcom, one.oprnegate)
      join pg_catalog.pg_operator o on o.oid in (other.oid, other.oprcom, other.oprnegate)`;

/**
 * Bodies of functions, by oid (`$1`: a JSON list). Columns: oid, xmin, body with what its arguments are where nothing is given,
 * null where it is too long; the functions that it depends on by number: those of a body that is not kept as text (BEGIN ATOMIC),
 * also under new names, and those of defaults; whether all of it is kept as text, so that it changes with the row alone.
 * What writes such a body out locks the tables in it.
 */
export const bodiesQuery = `
select x.oid, x.xmin, case when pg_catalog.length(x.prosrc) <= ${longestBody}
    then pg_catalog.concat_ws(' ', x.prosrc, pg_catalog.pg_get_function_sqlbody(x.oid),
      pg_catalog.pg_get_expr(x.proargdefaults, 0)) end,
  ${references(`array(
    select d.refobjid from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      and d.objid = x.oid and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    union all select o.oprcode::pg_catalog.oid from pg_catalog.pg_depend d join ${inPlace("d.refobjid")}
      where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = x.oid
      and d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass)`)},
  (x.prosqlbody is null and x.proargdefaults is null)::pg_catalog.text
from pg_catalog.pg_proc x where x.oid = any (${listed("$1", "oid")})`;

/**
 * Types that somebody made and whose values run something, by name (`$1`) or oid (`$2`), both JSON lists; and what casts
 * to any type of such a name call. Columns: kind, schema, name, functions that read and write its values, oid, types that
 * it is made of, checks of a domain, functions of casts to it or to what it is made of, default of a domain, whether it
 * is a table's row. Of a cast the function stands where a type's functions stand.
 */
export const typesQuery = `
with asked as materialized (select ${listed("$1", "name")} as names, ${listed("$2", "oid")} as oids)
select 'type', s.nspname, t.typname,
  ${references(`array(select f.oid from (select pg_catalog.unnest(array[t.typinput, t.typoutput, t.typreceive, t.typsend,
      t.typmodin, t.typmodout]::pg_catalog.oid[])
    union all select pg_catalog.unnest(array[r.rngcanonical, r.rngsubdiff]::pg_catalog.oid[])
      from pg_catalog.pg_range r where r.rngtypid = t.oid) f (oid) where f.oid >= 16384)`)},
  t.oid::pg_catalog.text,
  (select pg_catalog.json_agg(part.oid::pg_catalog.int8)::pg_catalog.text from (
    select t.typbasetype union all
    select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid union all
    select r.rngtypid from pg_catalog.pg_range r where r.rngmultitypid = t.oid union all
    select coalesce(nullif(e.typelem, 0), e.oid) from pg_catalog.pg_attribute a
      join pg_catalog.pg_type e on e.oid = a.atttypid
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) part (oid) where part.oid >= 16384),
  (select pg_catalog.json_agg(pg_catalog.pg_get_expr(k.conbin, 0))::pg_catalog.text from pg_catalog.pg_constraint k
    where k.contypid = t.oid and k.contype = 'c'),
  ${references(`array(select c.castfunc from pg_catalog.pg_cast c where c.oid >= 16384
    and (c.casttarget in (t.oid, t.typbasetype) or c.casttarget in (select a.atttypid from pg_catalog.pg_attribute a
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)))`)},
  pg_catalog.pg_get_expr(t.typdefaultbin, 0),
  exists (select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind <> 'c')::pg_catalog.text
from pg_catalog.pg_type t join pg_catalog.pg_namespace s on s.oid = t.typnamespace
where t.oid >= 16384 and (t.typname = any ((select asked.names from asked)::pg_catalog.name[])
    or t.oid = any ((select asked.oids from asked)::pg_catalog.oid[]))
  and (t.typtype in ('d', 'r', 'm') or t.typtype = 'b' and t.typelem = 0 or t.typtype = 'c' and exists (
    select from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and (a.atttypid >= 16384
      or a.atttypid in (select c.casttarget from pg_catalog.pg_cast c where c.oid >= 16384))))
union all
select 'cast', s.nspname, t.typname, ${references("array[c.castfunc]")}, null, null, null, null, null, null
from pg_catalog.pg_type t join pg_catalog.pg_namespace s on s.oid = t.typnamespace
join pg_catalog.pg_cast c on c.casttarget = t.oid
where c.oid >= 16384 and c.castfunc <> 0 and t.typname = any ((select asked.names from asked)::pg_catalog.name[])`;

/**
 * What is run by who reads a view, or a table with row security: by name (`$1`) or oid (`$2`), both JSON lists; without a
 * lock on any. Columns: oid, name, functions, oids of relations, oids of types. What somebody made is written down
 * (pg_depend); the server's own functions stand in the trees.
 */
export const readingsQuery = `
with relation as materialized (
  select c.oid, c.relname, c.relkind from pg_catalog.pg_class c
  where (c.relname = any (${listed("$1", "name")}) or c.oid = any (${listed("$2", "oid")}))
    and c.oid >= 16384 and (c.relkind = 'v' or c.relrowsecurity)
), part as materialized (
  select r.ev_class as relation, 'pg_catalog.pg_rewrite'::pg_catalog.regclass as catalogue, r.oid,
    r.ev_action::pg_catalog.text as tree
  from relation join pg_catalog.pg_rewrite r on r.ev_class = relation.oid and r.ev_type = '1' and relation.relkind = 'v'
  union all
  select p.polrelid, 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid,
    pg_catalog.concat(p.polqual::pg_catalog.text, p.polwithcheck::pg_catalog.text)
  from relation join pg_catalog.pg_policy p on p.polrelid = relation.oid
), used as materialized (
  select part.relation, d.refclassid, d.refobjid from part
  join pg_catalog.pg_depend d on d.classid = part.catalogue and d.objid = part.oid and d.refobjid <> part.relation
)
select c.oid, c.relname,
  ${references(`array(
    select u.refobjid from used u where u.relation = c.oid and u.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    union select o.oprcode::pg_catalog.oid from used u join ${inPlace("u.refobjid")}
    where u.relation = c.oid and u.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass
    union select m[1]::pg_catalog.oid from part, pg_catalog.regexp_matches(part.tree, ':funcid (\\d+)', 'g') m
    where part.relation = c.oid)`)},
  (select pg_catalog.json_agg(distinct u.refobjid::pg_catalog.int8)::pg_catalog.text from used u
    where u.relation = c.oid and u.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass),
  (select pg_catalog.json_agg(distinct coalesce(nullif(t.typelem, 0), t.oid)::pg_catalog.int8)::pg_catalog.text from used u
    join pg_catalog.pg_type t on t.oid = u.refobjid
    where u.relation = c.oid and u.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass)
from relation c`;

/**
 * Relations by name. `$1`: a JSON list of [schema, name]; an empty schema is any, pg_temp that of any session.
 * Columns: schema, name, kind, column names, user-made types of columns, definition of a view, rules [event, text],
 * conditions of row security, values of columns that are computed, INSTEAD OF triggers, what refers to it
 * [schema, name, on delete, on update], children, those of the types that hold values of others. A table's own default has no column in it, so that it is
 * written out without a lock on the table, which another session may hold for long.
 */
export const relationsQuery = `
select c.nspname, c.relname, c.relkind,
  (select pg_catalog.json_agg(a.attname) from pg_catalog.pg_attribute a
   where a.attrelid = c.oid and not a.attisdropped),
  (select pg_catalog.json_agg(distinct coalesce(nullif(t.typelem, 0), t.oid)::pg_catalog.int8)
   from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.atttypid >= 16384),
  case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end,
  (select pg_catalog.json_agg(pg_catalog.json_build_array(r.ev_type::pg_catalog.text, pg_catalog.pg_get_ruledef(r.oid)))
   from pg_catalog.pg_rewrite r where c.relhasrules and r.ev_class = c.oid and r.rulename <> '_RETURN'),
  (select pg_catalog.json_agg(pg_catalog.concat_ws(' and ', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
     pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)))
   from pg_catalog.pg_policy p where c.relrowsecurity and p.polrelid = c.oid),
  (select pg_catalog.json_agg(pg_catalog.json_build_array(a.attgenerated <> '',
     pg_catalog.pg_get_expr(d.adbin, case when a.attgenerated = '' then 0 else d.adrelid end)))
   from pg_catalog.pg_attrdef d join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
   where d.adrelid = c.oid),
  exists (select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and t.tgtype & 64 <> 0),
  (select pg_catalog.json_agg(pg_catalog.json_build_array(s.nspname, k.relname, f.confdeltype::pg_catalog.text,
     f.confupdtype::pg_catalog.text))
   from pg_catalog.pg_constraint f join pg_catalog.pg_class k on k.oid = f.conrelid
   join pg_catalog.pg_namespace s on s.oid = k.relnamespace where f.contype = 'f' and f.confrelid = c.oid),
  (select pg_catalog.json_agg(pg_catalog.json_build_array(s.nspname, k.relname))
   from pg_catalog.pg_inherits i join pg_catalog.pg_class k on k.oid = i.inhrelid
   join pg_catalog.pg_namespace s on s.oid = k.relnamespace where i.inhparent = c.oid),
  (select pg_catalog.json_agg(distinct coalesce(nullif(t.typelem, 0), t.oid)::pg_catalog.int8)
   from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.atttypid >= 16384 and t.typtype <> 'd')
from (select distinct c.oid, s.nspname, c.relname, c.relkind, c.relhasrules, c.relrowsecurity
  from pg_catalog.json_array_elements($1::pg_catalog.json) w
  join pg_catalog.pg_class c on c.relname = (w.value ->> 1)::pg_catalog.name
  join pg_catalog.pg_namespace s on s.oid = c.relnamespace
  where c.oid >= 16384 and c.relkind in ('r', 'p', 'v', 'm', 'f') and (w.value ->> 0 in ('', s.nspname)
    or w.value ->> 0 = 'pg_temp' and pg_catalog.left(s.nspname, 8) = 'pg_temp_')) c`;
