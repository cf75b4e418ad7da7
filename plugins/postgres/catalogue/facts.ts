import type { Row } from "../control.ts";
import { safeFunctions } from "../sql/builtins.ts";
import { type PlainTarget, plainTargets } from "./tree.ts";

/** What the server's catalogue says of one relation, as the query below answers it. */
export interface RelationRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly columns: readonly NumberedColumn[];
  /** Tables that it inherits from or is a partition of. */
  readonly parents: readonly number[];
  /** Tables that inherit from it or are its partitions, at any depth; at most `maxChildren` + 1. */
  readonly children: readonly Child[];
  /** Of a generated column: the columns of this table that it is computed from. */
  readonly generated: readonly { readonly column: number; readonly from: number }[];
  /** Of a view. */
  readonly view?: ViewRow;
}

export interface Child {
  readonly schema: string;
  readonly name: string;
  /** Where columns of its own are computed, which may be by other expressions than its parent's. */
  readonly computes?: number;
}

export interface NumberedColumn {
  readonly number: number;
  readonly name: string;
  /** Computed by the server: `GENERATED ALWAYS AS`. */
  readonly generated: boolean;
  /** Where its type is a row, or holds rows (arrays, domains, rows of rows): their fields, with the type that has them. */
  readonly fields: readonly { readonly schema: string; readonly type: string; readonly name: string }[];
}

export interface ViewRow {
  /** Its columns that are one stored column as it is; of the others only what follows is known. */
  readonly plain: readonly PlainTarget[];
  /** Every relation that it reads from. */
  readonly relations: readonly number[];
  /** Every column that it names. A whole row (`select c from c`) names none. */
  readonly columns: readonly { readonly relation: number; readonly column: number }[];
  /** It uses a whole row somewhere. */
  readonly wholeRow: boolean;
  /** It calls something that may read tables of which nothing is written down here. */
  readonly opaque: boolean;
}

/** Of more partitions than this the names are not kept. */
export const maxChildren = 500;

/** Objects below it are the server's own (FirstNormalObjectId). */
export const firstOwn = 16_384;

/** The fields of all rows that a value of the type `a.atttypid` holds. */
const fieldsOf = `(
  with recursive part (oid) as (
    select a.atttypid
    union
    select inner_type.oid
    from part join pg_catalog.pg_type t on t.oid = part.oid, lateral (
      select t.typelem where t.typelem <> 0
      union all select t.typbasetype where t.typbasetype <> 0
      union all select r.rngsubtype from pg_catalog.pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)
      union all select f.atttypid from pg_catalog.pg_attribute f
      where t.typrelid <> 0 and f.attrelid = t.typrelid and f.attnum > 0 and not f.attisdropped
    ) inner_type (oid)
  )
  select pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, t.typname, f.attname))
  from part join pg_catalog.pg_type t on t.oid = part.oid and t.typrelid <> 0
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  join pg_catalog.pg_attribute f on f.attrelid = t.typrelid and f.attnum > 0 and not f.attisdropped)`;

/**
 * One row a relation. A view is known by its rewrite rule `_RETURN`: pg_depend lists the columns that
 * it names, the rule's own tree the relations (pg_depend leaves out those of the system) and whole
 * rows (Var with varattno 0). User-defined functions and operators make it opaque, and those of the server's own
 * that do more than compute: they run a query given as text, or read a large object, a file, the log of changes.
 */
export const factsQuery = `
with recursive wanted as (
  select c.oid, n.nspname, c.relname, c.relkind
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.oid = any ($1::pg_catalog.oid[])
), below as (
  select i.inhparent as top, i.inhrelid as oid
  from wanted w join pg_catalog.pg_inherits i on i.inhparent = w.oid
  union
  select b.top, i.inhrelid from below b join pg_catalog.pg_inherits i on i.inhparent = b.oid
), rule as (
  select r.oid, r.ev_class, r.ev_action::pg_catalog.text as tree
  from pg_catalog.pg_rewrite r join wanted w on w.oid = r.ev_class
  where r.ev_type = '1'
)
select w.oid, w.nspname, w.relname, w.relkind,
  (select pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname, a.attgenerated <> '',
    case when a.atttypid >= ${firstOwn} then ${fieldsOf} end))
   from pg_catalog.pg_attribute a where a.attrelid = w.oid and not a.attisdropped),
  (select pg_catalog.json_agg(i.inhparent::pg_catalog.int8)
   from pg_catalog.pg_inherits i where i.inhrelid = w.oid),
  (select pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, case when exists (
     select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attgenerated <> '') then c.oid::pg_catalog.int8 end))
   from (select b.oid from below b where b.top = w.oid limit ${maxChildren + 1}) child
   join pg_catalog.pg_class c on c.oid = child.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace),
  (select pg_catalog.json_agg(pg_catalog.json_build_array(f.adnum, d.refobjsubid))
   from pg_catalog.pg_attrdef f
   join pg_catalog.pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum and a.attgenerated <> ''
   join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.objid = f.oid
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = w.oid
   where f.adrelid = w.oid and d.refobjsubid > 0 and d.refobjsubid <> f.adnum),
  (select pg_catalog.json_agg(distinct m[1]::pg_catalog.int8)
   from rule, pg_catalog.regexp_matches(rule.tree, ':relid (\\d+)', 'g') m where rule.ev_class = w.oid),
  (select pg_catalog.json_agg(distinct pg_catalog.jsonb_build_array(d.refobjid::pg_catalog.int8, d.refobjsubid))
   from rule join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    and d.objid = rule.oid and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
   where rule.ev_class = w.oid and d.refobjid <> w.oid and d.refobjsubid > 0),
  exists (select from rule where rule.ev_class = w.oid and rule.tree ~ ':varattno 0 '),
  exists (select from rule join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    and d.objid = rule.oid and d.refclassid in ('pg_catalog.pg_proc'::pg_catalog.regclass,
    'pg_catalog.pg_operator'::pg_catalog.regclass) and d.refobjid >= ${firstOwn} where rule.ev_class = w.oid),
  (select pg_catalog.json_agg(distinct p.proname)
   from rule, pg_catalog.regexp_matches(rule.tree, ':funcid (\\d+)', 'g') m
   join pg_catalog.pg_proc p on p.oid = m[1]::pg_catalog.oid where rule.ev_class = w.oid and p.oid < ${firstOwn}),
  (select rule.tree from rule where rule.ev_class = w.oid)
from wanted w`;

/** Reads one row of the query's answer. */
export function relationRow(row: Row): RelationRow {
  const [oid, schema, name, kind, columns, parents, children, generated] = row;
  const [relations, named, wholeRow, opaque, called, tree] = row.slice(8);
  const isView = kind === "v" || kind === "m";
  return {
    oid: Number(oid),
    schema: schema ?? "",
    name: name ?? "",
    kind: kind ?? "",
    columns: list<[number, string, boolean, [string, string, string][] | null]>(columns).map(
      ([number, column, computed, fields]) => ({
        ...{ number, name: column, generated: computed },
        fields: (fields ?? []).map(([schema, type, name]) => ({ schema, type, name })),
      }),
    ),
    parents: list<number>(parents),
    children: list<[string, string, number | null]>(children).map(([schema, name, computes]) => ({
      ...{ schema, name },
      ...(computes === null ? {} : { computes }),
    })),
    generated: list<[number, number]>(generated).map(([column, from]) => ({ column, from })),
    ...(isView
      ? {
          view: {
            plain: plainTargets(tree ?? ""),
            relations: list<number>(relations).filter(
              (relation) => relation !== 0 && relation !== Number(oid),
            ),
            columns: list<[number, number]>(named).map(([relation, column]) => ({ relation, column })),
            wholeRow: wholeRow === "t",
            // What the server's own views call shows nothing else than they say.
            opaque: opaque === "t" || (Number(oid) >= firstOwn && list<string>(called).some(showsMore)),
          },
        }
      : {}),
  };
}

/** One of the server's own functions shows more than what is made of its arguments. */
function showsMore(name: string): boolean {
  return !safeFunctions.has(name) || name === "pg_stat_get_activity";
}

function list<T>(json: string | null | undefined): readonly T[] {
  return json == null ? [] : (JSON.parse(json) as T[]);
}
