import type { Question, Row } from "../control.ts";

/** The first OID of what was not there when the database cluster was made (transam.h). */
export const firstOwn = 16_384;

const catalogue = (name: string) => `'pg_catalog.${name}'::pg_catalog.regclass`;

/**
 * Why planning a statement about these relations could run what somebody made in the database; no row: it cannot.
 * Planning folds what is immutable and estimates by what is stable: in conditions, but also in the expressions and predicates of
 * indexes, constraints, defaults, statistics and partition keys, by the operators of a column's type, by casts. All that these
 * rest on is in pg_depend, where the server's own is left out or has a low OID. A view, row security or rule puts more
 * into the statement than its text shows.
 */
const query = `
with recursive relation as (
  select r.oid from pg_catalog.json_array_elements_text($1::pg_catalog.json) w (oid), lateral (select w.oid::pg_catalog.oid) r (oid)
  union
  select i.inhrelid from relation k join pg_catalog.pg_inherits i on i.inhparent = k.oid
), part (class, oid) as (
  select ${catalogue("pg_class")}, oid from relation
  union all
  select ${catalogue("pg_class")}, i.indexrelid from pg_catalog.pg_index i where i.indrelid in (select oid from relation)
  union all
  select ${catalogue("pg_constraint")}, k.oid from pg_catalog.pg_constraint k where k.conrelid in (select oid from relation)
  union all
  select ${catalogue("pg_attrdef")}, f.oid from pg_catalog.pg_attrdef f where f.adrelid in (select oid from relation)
  union all
  select ${catalogue("pg_statistic_ext")}, s.oid from pg_catalog.pg_statistic_ext s where s.stxrelid in (select oid from relation)
), own_type (oid) as (
  select a.atttypid from pg_catalog.pg_attribute a where a.attrelid in (select oid from relation) and a.atttypid >= ${firstOwn}
  union
  select t.typelem from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
  where a.attrelid in (select oid from relation) and t.typelem >= ${firstOwn}
  union
  select c.reltype from pg_catalog.pg_class c where c.oid in (select oid from relation)
)
select 'it is about ' || n.nspname || '.' || c.relname || ', which is no plain table'
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid in (select oid from relation) and c.relkind not in ('r', 'p', 'S')
union all
select n.nspname || '.' || c.relname || ' has ' || case when c.relrowsecurity then 'row security' else 'rules' end
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid in (select oid from relation) and c.relkind in ('r', 'p')
  and (c.relrowsecurity or exists (select from pg_catalog.pg_rewrite r where r.ev_class = c.oid))
union all
select 'planning it would use ' || pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0)
from part p join pg_catalog.pg_depend d on d.classid = p.class and d.objid = p.oid
where d.refobjid >= ${firstOwn}
  and d.refclassid not in (${["pg_namespace", "pg_class", "pg_constraint", "pg_collation", "pg_extension"].map(catalogue).join(", ")})
  and not (d.refclassid = ${catalogue("pg_type")} and exists (
    select from pg_catalog.pg_type t left join pg_catalog.pg_type e on e.oid = t.typelem
    where t.oid = d.refobjid and (t.typtype = 'e' or e.typtype = 'e')))
union all
select 'planning it would use the access method of ' || c.relname
from part p join pg_catalog.pg_class c on p.class = ${catalogue("pg_class")} and c.oid = p.oid
where c.relam >= ${firstOwn}
union all
select 'planning it could use ' || pg_catalog.pg_describe_object(${catalogue("pg_cast")}, k.oid, 0)
from pg_catalog.pg_cast k
where k.oid >= ${firstOwn}
  and (k.castsource < ${firstOwn} and k.casttarget < ${firstOwn}
    or k.castsource in (select oid from own_type) or k.casttarget in (select oid from own_type))
union all
select 'somebody made ' || f.oid::pg_catalog.regprocedure || ' in pg_catalog'
from pg_catalog.pg_proc f
where f.pronamespace = 'pg_catalog'::pg_catalog.regnamespace and f.oid >= ${firstOwn}
union all
select 'somebody made ' || o.oid::pg_catalog.regoperator || ' in pg_catalog'
from pg_catalog.pg_operator o
where o.oprnamespace = 'pg_catalog'::pg_catalog.regnamespace and o.oid >= ${firstOwn}
limit 1`;

export function ownCodeQuestion(relations: readonly number[]): Question {
  return { text: query, parameters: [JSON.stringify(relations)] };
}

/** Why planning could run what is not the server's own; undefined: it cannot. */
export function ownCodeIn(rows: readonly Row[] | undefined): string | undefined {
  const [row] = rows ?? [["the catalogue did not say"]];
  return row === undefined ? undefined : (row[0] ?? "the catalogue did not say");
}
