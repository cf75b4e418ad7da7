import type { Question, Row } from "../control.ts";
import { enabledWhen } from "./enabled.ts";
import { qualified } from "./identifiers.ts";
import type { Name } from "./names.ts";

/** A relation that a statement may be about, as the catalogue has it now. */
export interface RelationFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind. */
  readonly kind: string;
  /** Rows by the last ANALYZE; -1: there was none. */
  readonly rows: number;
  /** Some session has a temporary relation of this name: it may be the one that is meant. */
  readonly hidden: boolean;
  /** It was named, not only reached through a view. */
  readonly named: boolean;
  readonly triggers: readonly TriggerFacts[];
  /** Foreign keys that begin or end at it. */
  readonly keys: readonly KeyFacts[];
}

/** What a lock is on. */
export type LockedRelation = Pick<RelationFacts, "oid" | "schema" | "name">;

export interface KeyFacts {
  /** Whether the relation's rows refer to others, or others' to them. */
  readonly end: "refers" | "is referred to";
  /** The table at the other end. */
  readonly other: LockedRelation;
}

export interface TriggerFacts {
  readonly name: string;
  /** pg_trigger.tgtype, a set of bits. */
  readonly type: number;
  readonly function: string;
  readonly volatility: string;
  readonly language: string;
  /** As its owner, not as the caller. */
  readonly definer: boolean;
  /** pg_trigger.tgenabled: `O` unless session_replication_role is replica, `R` only if it is, `A` always. */
  readonly enabled: string;
}

export interface FunctionFacts {
  readonly schema: string;
  readonly name: string;
  /** Its arguments' types. */
  readonly arguments: string;
  /** pg_proc.prokind and provolatile. */
  readonly kind: string;
  readonly volatility: string;
  readonly language: string;
  readonly definer: boolean;
}

export interface Definitions {
  readonly relations: readonly RelationFacts[];
  readonly functions: readonly FunctionFacts[];
  /** `name → function`, where a statement defines something. */
  readonly eventTriggers: readonly string[];
  /** Another one when any of it was defined anew. */
  readonly fingerprint: string;
}

/** Of each kind; a name without a schema can be in many. */
const most = 100;

const wanted = `pg_catalog.json_to_recordset($1::pg_catalog.json) as w (schema text, name text)`;

/**
 * What is named, and what views read, with what their triggers call. Whatever decides what a statement does to a relation
 * goes into its hash: columns, defaults and generated columns, rules, triggers with their functions' bodies, policies,
 * constraints, and the bodies of functions that these call. Takes no lock on any of them.
 */
const relationsQuery = `
with recursive named as (
  select distinct c.oid from ${wanted}
  join pg_catalog.pg_class c on c.relname = w.name
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I') and c.relpersistence <> 't'
    and (w.schema is null or n.nspname = w.schema)
), reached as (
  select oid from named
  union
  select d.refobjid from reached k join pg_catalog.pg_rewrite r on r.ev_class = k.oid
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
)
select c.oid, n.nspname, c.relname, c.relkind, c.reltuples,
  exists (select from pg_catalog.pg_class t where t.relname = c.relname and t.relpersistence = 't'),
  c.oid in (select oid from named),
  (select pg_catalog.json_agg(pg_catalog.json_build_array(t.tgname, t.tgtype, fn.nspname, f.proname, f.provolatile,
      l.lanname, f.prosecdef, t.tgenabled) order by t.tgname)
   from pg_catalog.pg_trigger t join pg_catalog.pg_proc f on f.oid = t.tgfoid
   join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace join pg_catalog.pg_language l on l.oid = f.prolang
   where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled <> 'D'),
  (select pg_catalog.json_agg(pg_catalog.json_build_array(k.conrelid = c.oid, k.other::pg_catalog.int8, o.nspname, o.relname)
     order by k.oid)
   from (select f.oid, f.conrelid, case when f.conrelid = c.oid then f.confrelid else f.conrelid end as other
     from pg_catalog.pg_constraint f
     where f.contype = 'f' and f.conparentid = 0 and c.oid in (f.conrelid, f.confrelid)
     order by f.oid limit ${most}) k
   join (select r.oid, r.relname, s.nspname from pg_catalog.pg_class r
     join pg_catalog.pg_namespace s on s.oid = r.relnamespace) o on o.oid = k.other),
  pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws('|',
    c.oid, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity, c.relispartition,
    (select pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull,
       a.attgenerated, a.attidentity, a.attisdropped), ',' order by a.attnum)
     from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0),
    (select pg_catalog.string_agg(pg_catalog.concat_ws(' ', f.adnum, f.adbin), ',' order by f.adnum)
     from pg_catalog.pg_attrdef f where f.adrelid = c.oid),
    (select pg_catalog.string_agg(pg_catalog.concat_ws(' ', r.oid, r.ev_enabled, r.ev_qual, r.ev_action), ',' order by r.oid)
     from pg_catalog.pg_rewrite r where r.ev_class = c.oid),
    (select pg_catalog.string_agg(pg_catalog.concat_ws(' ', t.oid, t.tgenabled, t.tgtype, t.tgqual, t.tgargs, f.oid, f.proowner,
       f.prosecdef, f.proconfig, f.prosrc, f.probin), ',' order by t.oid)
     from pg_catalog.pg_trigger t join pg_catalog.pg_proc f on f.oid = t.tgfoid where t.tgrelid = c.oid),
    (select pg_catalog.string_agg(pg_catalog.concat_ws(' ', p.oid, p.polcmd, p.polpermissive, p.polroles, p.polqual,
       p.polwithcheck), ',' order by p.oid)
     from pg_catalog.pg_policy p where p.polrelid = c.oid),
    (select pg_catalog.string_agg(pg_catalog.concat_ws(' ', k.oid, k.contype, k.confupdtype, k.confdeltype, k.confrelid,
       k.conbin), ',' order by k.oid)
     from pg_catalog.pg_constraint k where c.oid in (k.conrelid, k.confrelid)),
    (select pg_catalog.string_agg(pg_catalog.concat_ws(' ', f.oid, f.proowner, f.prosecdef, f.proconfig, f.prosrc, f.probin,
       f.prosqlbody), ',' order by f.oid)
     from pg_catalog.pg_proc f where f.oid in (
       select d.refobjid from pg_catalog.pg_depend d
       join (select 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid from pg_catalog.pg_rewrite r where r.ev_class = c.oid
         union all
         select 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid from pg_catalog.pg_policy p where p.polrelid = c.oid
         union all
         select 'pg_catalog.pg_attrdef'::pg_catalog.regclass, b.oid from pg_catalog.pg_attrdef b where b.adrelid = c.oid
         union all
         select 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid from pg_catalog.pg_constraint k where k.conrelid = c.oid
       ) part (class, oid) on d.classid = part.class and d.objid = part.oid
       where d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass))
  ), 'UTF8')), 'hex')
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid in (select oid from reached)
order by c.oid not in (select oid from named), c.oid limit ${most}`;

const functionsQuery = `
select n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), p.prokind, p.provolatile, l.lanname,
  p.prosecdef, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws('|', p.oid, p.proowner,
    p.prosecdef, p.proconfig, p.prosrc, p.probin, p.prosqlbody, p.proargdefaults), 'UTF8')), 'hex')
from ${wanted}
join pg_catalog.pg_proc p on p.proname = w.name
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where w.schema is null or n.nspname = w.schema
order by p.oid limit ${most}`;

const eventTriggersQuery = `
select e.evtname, n.nspname, p.proname, e.evtenabled, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
  pg_catalog.concat_ws('|', e.oid, e.evtevent, e.evttags, p.oid, p.prosrc), 'UTF8')), 'hex')
from pg_catalog.pg_event_trigger e join pg_catalog.pg_proc p on p.oid = e.evtfoid
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where e.evtenabled <> 'D' order by e.evtname limit ${most}`;

/** `defines`: event triggers count. */
export function definitionQuestions(names: readonly Name[], defines: boolean): readonly Question[] {
  const parameters = [JSON.stringify(names)];
  return [
    { text: relationsQuery, parameters },
    { text: functionsQuery, parameters },
    ...(defines ? [{ text: eventTriggersQuery }] : []),
  ];
}

/** Reads the answers to these questions. */
export function definitionsIn([
  relations = [],
  functions = [],
  eventTriggers = [],
]: readonly Row[][]): Definitions {
  const hashes = [...relations, ...functions, ...eventTriggers].map((row) => row.at(-1));
  return {
    relations: relations.map(relationOf),
    functions: functions.map(([schema, name, args, kind, volatility, language, definer]) => ({
      schema: schema ?? "",
      name: name ?? "",
      arguments: args ?? "",
      kind: kind ?? "",
      volatility: volatility ?? "",
      language: language ?? "",
      definer: definer === "t",
    })),
    eventTriggers: eventTriggers.map(
      ([name, schema, fn, enabled]) =>
        `${name} → ${qualified(schema ?? "", fn ?? "")}()${enabledWhen(enabled ?? "")}`,
    ),
    fingerprint: Bun.SHA256.hash(JSON.stringify(hashes), "hex"),
  };
}

type TriggerRow = [string, number, string, string, string, string, boolean, string];
type KeyRow = [refers: boolean, oid: number, schema: string, name: string];

function relationOf([oid, schema, name, kind, rows, hidden, named, triggers, keys]: Row): RelationFacts {
  return {
    oid: Number(oid),
    schema: schema ?? "",
    name: name ?? "",
    kind: kind ?? "",
    rows: Number(rows),
    hidden: hidden === "t",
    named: named === "t",
    triggers: (JSON.parse(triggers ?? "[]") as TriggerRow[]).map(
      ([trigger, type, fnSchema, fn, volatility, language, definer, enabled]) => ({
        name: trigger,
        type,
        function: qualified(fnSchema, fn),
        volatility,
        language,
        definer,
        enabled,
      }),
    ),
    keys: (JSON.parse(keys ?? "[]") as KeyRow[]).map(([refers, other, otherSchema, otherName]) => ({
      end: refers ? "refers" : "is referred to",
      other: { oid: other, schema: otherSchema, name: otherName },
    })),
  };
}
