/**
 * What is asked of a resource's catalogue about things that somebody made there. Object ids from 16384 on are theirs
 * (FirstNormalObjectId), in whatever schema. Every function, operator and type is named with its schema; search_path is
 * pg_catalog, so that what pg_get_viewdef and its kin write names everything in full.
 */

/** Of each kind at most so many and one more; beyond it nothing can be told. */
export const mostThings = 20_000;

/** A longer body of a function is not looked through. In characters. */
const longestBody = 65_536;

const reference = "pg_catalog.json_build_array(p.oid::pg_catalog.int8, n.nspname, p.proname)";
const refersTo = (condition: string) =>
  `(select pg_catalog.json_agg(${reference})::pg_catalog.text from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid <> 0 and ${condition})`;

/**
 * `$1`: a JSON list of `oid xmin` that are known. A body is answered only for the others, null where it counts as volatile.
 * `$2`: whether bodies that were not kept as text (BEGIN ATOMIC) are written out, which locks the tables in them.
 */
export const functionsQuery = `
select p.oid, p.oid || ' ' || p.xmin, n.nspname, p.proname, p.prokind, p.provolatile,
  exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    and d.objid = p.oid and d.deptype = 'e'), l.lanname,
  l.lanpltrusted, p.pronargs, p.pronargdefaults, p.provariadic <> 0,
  (select t.typtype in ('c', 'p', 'd') from pg_catalog.pg_type t where t.oid = p.proargtypes[0]),
  (select ${refersTo(`p.oid in (g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggserialfn, g.aggdeserialfn,
    g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn)`)}
   from pg_catalog.pg_aggregate g where g.aggfnoid = p.oid),
  case when p.provolatile <> 'v' and l.lanname not in ('c', 'internal') and known.key is null
    then case when pg_catalog.length(p.prosrc) <= ${longestBody} and ($2 or p.prosqlbody is null)
      then p.prosrc || coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), '') end end,
  exists (select from pg_catalog.pg_proc own where own.oid < 16384 and own.proname = p.proname
    and own.proargtypes = p.proargtypes and own.pronamespace = 'pg_catalog'::pg_catalog.regnamespace),
  (select pg_catalog.json_agg(coalesce(e.typname, t.typname))::pg_catalog.text
   from pg_catalog.unnest(p.proargtypes::pg_catalog.oid[] || coalesce(p.proallargtypes, '{}') || p.prorettype) used (oid)
   join pg_catalog.pg_type t on t.oid = used.oid left join pg_catalog.pg_type e on e.oid = t.typelem
   where used.oid >= 16384)
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
left join pg_catalog.json_array_elements_text($1::pg_catalog.json) known (key) on known.key = p.oid || ' ' || p.xmin
where p.oid >= 16384 or n.nspname not in ('pg_catalog', 'information_schema')
order by p.oid limit ${mostThings + 1}`;

/** Views, and tables with row security: what is run by who reads them. What tells whether any of it has changed stands last. */
const reading = `
select s.nspname, c.relname, c.oid, pg_catalog.concat_ws(' ', c.xmin, (select r.xmin from pg_catalog.pg_rewrite r
    where r.ev_class = c.oid and r.ev_type = '1'), (select pg_catalog.string_agg(p.xmin::pg_catalog.text, ' ' order by p.oid)
    from pg_catalog.pg_policy p where p.polrelid = c.oid)) as print
from pg_catalog.pg_class c join pg_catalog.pg_namespace s on s.oid = c.relnamespace
where c.oid >= 16384 and (c.relkind = 'v' or c.relrowsecurity) order by c.oid limit ${mostThings + 1}`;

/**
 * Kind of row first: operators, casts, types, what is run by who reads a relation, then what may run in any assignment,
 * and anywhere.
 */
export const thingsQuery = `
(select 'operator', s.nspname, o.oprname, ${refersTo("p.oid = o.oprcode")}, null, null, null, null, null, null
from pg_catalog.pg_operator o join pg_catalog.pg_namespace s on s.oid = o.oprnamespace
where o.oid >= 16384 order by o.oid limit ${mostThings + 1})
union all
(select 'cast', s.nspname, t.typname, ${refersTo("p.oid = c.castfunc")}, c.castcontext::pg_catalog.text, null, null, null, null, null
from pg_catalog.pg_cast c
join pg_catalog.pg_type t on t.oid = c.casttarget join pg_catalog.pg_namespace s on s.oid = t.typnamespace
where c.oid >= 16384 and c.castfunc <> 0 order by c.oid limit ${mostThings + 1})
union all
(select 'type', s.nspname, t.typname,
  ${refersTo(`p.oid >= 16384 and (p.oid in (t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout)
    or p.oid in (select r.rngcanonical from pg_catalog.pg_range r where r.rngtypid = t.oid
      union all select r.rngsubdiff from pg_catalog.pg_range r where r.rngtypid = t.oid))`)},
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
  ${refersTo(`p.oid in (select c.castfunc from pg_catalog.pg_cast c where c.oid >= 16384
    and (c.casttarget in (t.oid, t.typbasetype) or c.casttarget in (select a.atttypid from pg_catalog.pg_attribute a
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)))`)},
  pg_catalog.pg_get_expr(t.typdefaultbin, 0),
  exists (select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind <> 'c')::pg_catalog.text
from pg_catalog.pg_type t join pg_catalog.pg_namespace s on s.oid = t.typnamespace
where t.oid >= 16384 and (t.typtype in ('d', 'r', 'm') or t.typtype = 'b' and t.typelem = 0 or t.typtype = 'c' and exists (
  select from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and (a.atttypid >= 16384
    or a.atttypid in (select c.casttarget from pg_catalog.pg_cast c where c.oid >= 16384))))
order by t.oid limit ${mostThings + 1})
union all
(select 'relation', nspname, relname, null, oid::pg_catalog.text, print, null, null, null, null from (${reading}) one)
union all
(select 'assigned', null, null,
  ${refersTo("p.oid in (select c.castfunc from pg_catalog.pg_cast c where c.oid >= 16384 and c.castcontext = 'a')")},
  null, null, null, null, null, null)
union all
(select 'anywhere', null, null, ${refersTo(`p.oid in (select c.castfunc from pg_catalog.pg_cast c
    where c.oid >= 16384 and c.castcontext = 'i') or p.oid >= 16384 and (p.oid in (select m.amproc from pg_catalog.pg_amproc m)
  or p.oid in (select o.oprcode from pg_catalog.pg_amop m join pg_catalog.pg_operator o on o.oid = m.amopopr))`)},
  null, null, null, null, null, null)`;

/**
 * What runs where one of these is read, by the names that it is called by, without a lock on any: each with what it reads
 * in turn. `$1`: a JSON list of oids. Columns: name, functions, names of relations and types. What is written down are the
 * things that somebody made (pg_depend); the server's own functions stand in the trees.
 */
export const readingQuery = `
with recursive part as (
  select r.ev_class as relation, 'pg_catalog.pg_rewrite'::pg_catalog.regclass as catalogue, r.oid,
    r.ev_action::pg_catalog.text as tree
  from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class and c.relkind = 'v' where r.ev_type = '1'
  union all
  select p.polrelid, 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid,
    pg_catalog.concat(p.polqual::pg_catalog.text, p.polwithcheck::pg_catalog.text)
  from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid and c.relrowsecurity
), read (oid) as (
  select one.value::pg_catalog.oid from pg_catalog.json_array_elements_text($1::pg_catalog.json) one
  union
  select d.refobjid from read join part on part.relation = read.oid
  join pg_catalog.pg_depend d on d.classid = part.catalogue and d.objid = part.oid
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
), used as (
  select part.relation, d.refclassid, d.refobjid from part
  join pg_catalog.pg_depend d on d.classid = part.catalogue and d.objid = part.oid and d.refobjid <> part.relation
  where part.relation in (select oid from read)
)
select c.relname,
  ${refersTo(`p.oid in (
    select u.refobjid from used u where u.relation = c.oid and u.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    union select o.oprcode from used u join pg_catalog.pg_operator o on o.oid = u.refobjid
    where u.relation = c.oid and u.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass
    union select m[1]::pg_catalog.oid from part, pg_catalog.regexp_matches(part.tree, ':funcid (\\d+)', 'g') m
    where part.relation = c.oid)`)},
  (select pg_catalog.json_agg(coalesce(k.relname, e.typname, t.typname))::pg_catalog.text from used u
   left join pg_catalog.pg_class k on k.oid = u.refobjid and u.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
   left join pg_catalog.pg_type t on t.oid = u.refobjid and u.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
   left join pg_catalog.pg_type e on e.oid = t.typelem
   where u.relation = c.oid and (k.oid is not null or t.oid is not null))
from pg_catalog.pg_class c where c.oid in (select relation from part where relation in (select oid from read))`;

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
