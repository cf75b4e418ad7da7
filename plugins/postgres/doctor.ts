import type { Examined, HandedOut, Permit } from "../../core/plugin.ts";
import type { PostgresConfig } from "./config.ts";
import { Control, type Row } from "./control.ts";
import { dialControl } from "./dial.ts";

/**
 * For `postern doctor`: that the server answers, and whether what sessions run as that may only read could do more: the
 * gateway and read-only transactions keep them from it, but not the server's own privileges.
 */
export async function examine(permit: Permit<PostgresConfig>, { sessions }: HandedOut): Promise<Examined[]> {
  const control = new Control();
  const ask = (text: string, ...parameters: (string | null)[]) =>
    control.query(() => dialControl(permit), text, parameters);
  try {
    const [[version] = []] = await ask("select current_setting('server_version')");
    const found: Examined[] = [{ state: "ok", message: `it answers, as PostgreSQL ${version}` }];
    const reading = sessions.filter(({ onlyReads }) => onlyReads);
    for (const as of new Set(reading.map((one) => one.as))) {
      const rules = reading.filter((one) => one.as === as).map(({ rule }) => rule);
      found.push(told(rules.join(", "), as, await ask(privileges, as ?? null)));
    }
    return found;
  } finally {
    await control.close();
  }
}

/** `rows`: the role's name, then what it may beyond reading, a row each; none: there is no such role. */
function told(rules: string, as: string | undefined, rows: readonly Row[]): Examined {
  const who = as === undefined ? "the gateway's own login" : `the role ${as}`;
  if (rows.length === 0) {
    return {
      state: "fail",
      message: `sessions that may only read (${rules}) run as ${who}, and there is no such role`,
      hint: "Make it on the server, or name another one: `as` in the rule, `as` or `readOnlyAs` of sessionRole().",
    };
  }
  const may = rows.flatMap(([, what]) => what ?? []);
  if (may.length === 0) {
    return {
      state: "ok",
      message: `sessions that may only read (${rules}) run as ${who}, which may do no more`,
    };
  }
  return {
    state: "warn",
    message: `sessions that may only read (${rules}) run as ${who}, which may do more: ${may.join("; ")}`,
    hint: "Let them run as a role that may only select: sessionRole() with `readOnlyAs`, or `as` in the rule.",
  };
}

/** What a role may do beyond reading; of a superuser nothing else is told. $1: its name, null for our own login. */
const privileges = `
  with who as (
    select oid, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
    from pg_roles where rolname = coalesce($1, session_user)
  ), tables as (
    select c.oid, c.relowner, format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'f', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
      and n.nspname !~ '^pg_(toast|temp_)'
  ), found (place, what) as (
    select 1, 'it is a superuser' from who where rolsuper
    union all
    select 2, s.what from who, lateral (values
      (rolbypassrls, 'it goes around row security'),
      (rolcreaterole, 'it makes roles'),
      (rolcreatedb, 'it makes databases'),
      (rolreplication, 'it replicates')
    ) s (has, what) where s.has and not rolsuper
    union all
    select 3, 'it is a member of ' || g.rolname from who, pg_roles g
    where not who.rolsuper and pg_has_role(who.oid, g.oid, 'MEMBER') and g.rolname in
      ('pg_write_all_data', 'pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files',
       'pg_signal_backend', 'pg_checkpoint', 'pg_maintain', 'pg_create_subscription')
    union all
    select 4, format('it owns %s relations (%s …)', count(*), min(name))
    from who, tables where not rolsuper and pg_has_role(who.oid, relowner, 'MEMBER') having count(*) > 0
    union all
    select 5, format('it may write to %s relations (%s …)', count(*), min(name))
    from who, tables where not rolsuper and not pg_has_role(who.oid, relowner, 'MEMBER')
      and (has_table_privilege(who.oid, tables.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        or has_any_column_privilege(who.oid, tables.oid, 'INSERT, UPDATE'))
    having count(*) > 0
    union all
    select 6, format('it may make things in the schema %I', nspname) from who, pg_namespace n
    where not rolsuper and nspname !~ '^pg_' and has_schema_privilege(who.oid, n.oid, 'CREATE')
    union all
    select 7, 'it may make schemas' from who
    where not rolsuper and has_database_privilege(who.oid, current_database(), 'CREATE')
  )
  select $1, (select string_agg(what, '; ' order by place, what) from found) from who`;
