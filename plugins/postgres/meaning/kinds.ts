/**
 * What is known of a database as a whole: the things that somebody made there and that a statement runs by name or without
 * naming them. Each is a row of one catalogue, followed by its xmin (`Followed`). Object ids from 16384 on are theirs
 * (FirstNormalObjectId), in whatever schema; search_path is pg_catalog.
 */
export type Kind =
  | "schema"
  | "language"
  | "function"
  | "member"
  | "type"
  | "operator"
  | "cast"
  | "support"
  | "sorting";

const mostThings = 20_000;
/** Schemas and types are a name each, and every table has a type; some databases have a schema for each of their customers. */
const mostNames = 200_000;

/** More of a kind than this and nothing can be told. */
export function mostOf(kind: Kind): number {
  return kind === "schema" || kind === "type" ? mostNames : mostThings;
}

/** [oid, schema, name] of a function. */
const reference = (
  oid: string,
) => `(select pg_catalog.json_build_array(p.oid::pg_catalog.int8, n.nspname, p.proname)
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid = ${oid})`;

/** The same of several, as a JSON list in text. */
export const references = (oids: string) => `(select pg_catalog.json_agg(
  pg_catalog.json_build_array(p.oid::pg_catalog.int8, n.nspname, p.proname))::pg_catalog.text
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where p.oid <> 0 and p.oid = any (${oids}))`;

/** Functions of tablefunc and xml2 that run a text, and are marked as stable, by what they are called in C. */
const runningTexts = "'crosstab', 'crosstab_hash', 'connectby_text', 'connectby_text_serial', 'xpath_table'";

interface Followed {
  /** The catalogue, as `x`. */
  readonly from: string;
  readonly where: string;
  readonly key?: string;
  readonly facts: readonly string[];
}

/** `facts`: as `Own` reads them. */
const followed: Readonly<Record<Kind, Followed>> = {
  schema: { from: "pg_catalog.pg_namespace x", where: "true", facts: ["x.nspname"] },
  language: { from: "pg_catalog.pg_language x", where: "true", facts: ["x.lanname"] },
  function: {
    from: "pg_catalog.pg_proc x",
    // From 12000 on (FirstUnpinnedObjectId) they can be moved to another schema.
    where: `x.oid >= 12000 and (x.oid >= 16384 or x.pronamespace not in (
      select n.oid from pg_catalog.pg_namespace n where n.nspname in ('pg_catalog', 'information_schema')))`,
    facts: [
      "x.pronamespace::pg_catalog.int8",
      "x.proname",
      `x.prokind <> 'a' and (x.provolatile = 'v' or x.prosrc in (${runningTexts})
        and x.prolang = (select l.oid from pg_catalog.pg_language l where l.lanname = 'c'))`,
      "x.prolang::pg_catalog.int8",
      "x.pronargs",
      "x.pronargdefaults",
      "x.provariadic <> 0",
      `(select t.typtype in ('c', 'p', 'd') from pg_catalog.pg_type t where t.oid = x.proargtypes[0])`,
      `exists (select from pg_catalog.pg_proc own where own.oid < 16384 and own.proname = x.proname
        and own.proargtypes = x.proargtypes and own.pronamespace = 'pg_catalog'::pg_catalog.regnamespace)`,
      `case when x.prokind = 'a' then (select ${references(`array[g.aggtransfn, g.aggfinalfn, g.aggcombinefn,
        g.aggserialfn, g.aggdeserialfn, g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn]::pg_catalog.oid[]`)}::pg_catalog.json
        from pg_catalog.pg_aggregate g where g.aggfnoid = x.oid) end`,
      `(select pg_catalog.json_agg(coalesce(nullif(t.typelem, 0), t.oid)::pg_catalog.int8)
        from pg_catalog.unnest(x.proargtypes::pg_catalog.oid[] || coalesce(x.proallargtypes, '{}') || x.prorettype) used (oid)
        join pg_catalog.pg_type t on t.oid = used.oid where used.oid >= 16384)`,
    ],
  },
  // Functions of extensions.
  member: {
    from: "pg_catalog.pg_depend x",
    where: `x.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and x.deptype = 'e'
      and x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass`,
    key: "x.objid",
    facts: [],
  },
  // All but arrays. A view or table has one of its name, so that what has no name here need not be asked for.
  type: {
    from: "pg_catalog.pg_type x",
    where: "x.oid >= 16384 and (x.typtype <> 'b' or x.typcategory <> 'A')",
    facts: ["x.typname"],
  },
  operator: {
    from: "pg_catalog.pg_operator x",
    where: "x.oid >= 16384 and x.oprcode::pg_catalog.oid <> 0",
    facts: [
      "x.oprnamespace::pg_catalog.int8",
      "x.oprname",
      reference("x.oprcode"),
      "x.oprcom::pg_catalog.int8",
      "x.oprnegate::pg_catalog.int8",
    ],
  },
  cast: {
    from: "pg_catalog.pg_cast x",
    where: "x.oid >= 16384 and x.castfunc <> 0",
    facts: [
      "x.castcontext",
      reference("x.castfunc"),
      "(select t.typname from pg_catalog.pg_type t where t.oid = x.casttarget and t.oid < 16384)",
    ],
  },
  support: {
    from: "pg_catalog.pg_amproc x",
    where: "x.oid >= 16384 and x.amproc::pg_catalog.oid >= 16384",
    facts: [reference("x.amproc")],
  },
  sorting: {
    from: "pg_catalog.pg_amop x",
    where: "x.oid >= 16384 and x.amopopr >= 16384",
    facts: ["x.amopopr::pg_catalog.int8"],
  },
};

const all = Object.entries(followed) as [Kind, Followed][];

/** Not one that the last reading can have seen. The planner need not know which that was: one plan is as good as another. */
const changed = (kind: Kind, key: string) => `pg_catalog.age(x.xmin) <= (select last.age from last)
  and '${kind} ' || ${key} || ' ' || x.xmin not in (select known.key from known)`;

const parts = `pg_catalog.regexp_matches(s.setting, '"((?:[^"]|"")*)"|([^\\s,"]+)', 'g')`;

/**
 * What has changed. `$1`: the oldest transaction that ran at the last reading (`pg_snapshot_xmin`), empty: tell all.
 * `$2`: a JSON list of `kind oid xmin` of rows not older than that and known all the same. `$3`: `login` where sessions
 * log in as this connection does; else they have roles of their own, of which only the database's search_path is known.
 * Rows: ['server', which it is, oldest transaction now], ['count', kind, how many there are], ['setting', search_path, how exact],
 * ['usable', schema of it, whether it may be used], ['user', name], then [kind, oid, xmin, JSON list of `facts`].
 */
export const changesQuery = `
with known as materialized (select e.key from pg_catalog.json_array_elements_text($2::pg_catalog.json) e (key)),
last as materialized (select case when $1 = '' then 2147483647 else pg_catalog.age(nullif($1, '')::pg_catalog.xid) end as age),
setting as materialized (
  select pg_catalog.substr(c.setting, 13) as setting, case when c.role = 0 then 0 else 2 end
    + case when c.database = 0 then 0 else 1 end as exact
  from (select s.setdatabase, s.setrole, pg_catalog.unnest(s.setconfig)
    from pg_catalog.pg_db_role_setting s
    join pg_catalog.pg_database d on d.datname = pg_catalog.current_database() and s.setdatabase in (0, d.oid)
    left join pg_catalog.pg_roles r on r.oid = s.setrole
    where s.setrole = 0 or $3 = 'login' and r.rolname = session_user) c (database, role, setting)
  where pg_catalog.left(c.setting, 12) = 'search_path='
)
select 'server', pg_catalog.pg_postmaster_start_time() || ' ' || d.oid,
  pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::pg_catalog.text, null
from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()
union all select 'user', session_user, null, null
union all select 'setting', s.setting, s.exact::pg_catalog.text, null from setting s
union all select 'usable', n.nspname, pg_catalog.has_schema_privilege(n.oid, 'usage')::pg_catalog.text, null
from pg_catalog.pg_namespace n where n.nspname in (
  select coalesce(pg_catalog.replace(m[1], '""', '"'),
    pg_catalog.translate(m[2], 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'))::pg_catalog.name
  from setting s, ${parts} m union all select session_user union all select 'public')
${all
  .map(
    ([kind, { from, where, key = "x.oid", facts }]) => `
union all select 'count', '${kind}', (select pg_catalog.count(*) from ${from} where ${where})::pg_catalog.text, null
union all (select '${kind}', ${key}::pg_catalog.text, x.xmin::pg_catalog.text,
  pg_catalog.json_build_array(${facts.join(", ")})::pg_catalog.text
  from ${from} where ${where} and ${changed(kind, key)} limit ${mostOf(kind) + 1})`,
  )
  .join("")}`;

/** All that there is of some kinds (`$1`: a JSON list of them): [kind, oid]. */
export const thereQuery = all
  .map(
    ([kind, { from, where, key = "x.oid" }]) => `select '${kind}', ${key}::pg_catalog.text from ${from}
where ${where} and '${kind}' in (select e.kind from pg_catalog.json_array_elements_text($1::pg_catalog.json) e (kind))`,
  )
  .join("\nunion all ");
