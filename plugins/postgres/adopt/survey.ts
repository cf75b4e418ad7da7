import type { Row } from "../control.ts";
import type { Facts, RoleFacts, SchemaRights, Use } from "./facts.ts";

/** Asks one question over the gateway's own connection; rows as text. */
export type AskDatabase = (text: string, parameters: readonly string[]) => Promise<readonly Row[]>;

/** Reads roles, memberships, rights and who is logged in now. Changes nothing. */
export async function survey(
  ask: AskDatabase,
  where: Pick<Facts, "host" | "port" | "database" | "tls">,
): Promise<Facts> {
  const [[version] = []] = await ask("select current_setting('server_version')", []);
  const roles = await ask(rolesQuery, []);
  const rights = await ask(rightsQuery, []);
  const uses = await ask(usesQuery, []);
  return {
    ...where,
    version: version ?? "",
    roles: roles.map((row) => role(row, rights)),
    uses: uses.map(use),
  };
}

/** Without those that PostgreSQL and the gateway bring. */
const rolesQuery = `
  select r.rolname, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls,
    array_to_json(array(
      select m.rolname from pg_catalog.pg_roles m
      where m.oid <> r.oid and not r.rolsuper and pg_catalog.pg_has_role(r.oid, m.oid, 'member') order by 1))
  from pg_catalog.pg_roles r
  where r.rolcanlogin and r.rolname !~ '^(pg_|postern_)'
  order by 1`;

const rightsQuery = `
  select r.rolname, n.nspname, count(*),
    coalesce(json_agg(c.relname order by c.relname) filter (where pg_catalog.has_table_privilege(r.oid, c.oid, 'select')), '[]'),
    coalesce(json_agg(c.relname order by c.relname) filter (where pg_catalog.has_table_privilege(r.oid, c.oid, 'insert, update')), '[]'),
    coalesce(json_agg(c.relname order by c.relname) filter (where pg_catalog.has_table_privilege(r.oid, c.oid, 'delete, truncate')), '[]'),
    pg_catalog.has_schema_privilege(r.oid, n.oid, 'create') or bool_or(pg_catalog.pg_has_role(r.oid, c.relowner, 'usage'))
  from pg_catalog.pg_roles r
  join pg_catalog.pg_namespace n on pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage')
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')
  where r.rolcanlogin and r.rolname !~ '^(pg_|postern_)' and n.nspname !~ '^(pg_|information_schema$)'
  group by r.rolname, r.oid, n.nspname, n.oid
  order by 1, 2`;

const usesQuery = `
  select usename, coalesce(host(client_addr), 'the server itself'), coalesce(application_name, ''), count(*)
  from pg_catalog.pg_stat_activity
  where backend_type = 'client backend' and datname = current_database() and pid <> pg_catalog.pg_backend_pid() and usename is not null
  group by 1, 2, 3
  order by 1, 4 desc, 2, 3`;

function role([name, ...flags]: Row, rights: readonly Row[]): RoleFacts {
  const [superuser, createsRoles, createsDatabases, replicates, bypassesRowSecurity] = flags.map(
    (flag) => flag === "t",
  );
  return {
    name: name ?? "",
    superuser: superuser === true,
    createsRoles: createsRoles === true,
    createsDatabases: createsDatabases === true,
    replicates: replicates === true,
    bypassesRowSecurity: bypassesRowSecurity === true,
    memberOf: names(flags[5]),
    schemas: rights.filter(([owner]) => owner === name).map(schemaRights),
  };
}

function schemaRights([, schema, tables, readable, writable, deletable, defines]: Row): SchemaRights {
  return {
    schema: schema ?? "",
    tables: Number(tables),
    readable: names(readable),
    writable: names(writable),
    deletable: names(deletable),
    defines: defines === "t",
  };
}

function use([role, from, application, count]: Row): Use {
  return { role: role ?? "", from: from ?? "", application: application ?? "", count: Number(count) };
}

function names(json: string | null | undefined): string[] {
  return json ? (JSON.parse(json) as string[]) : [];
}
