import type { Ask } from "../catalogue/cache.ts";
import type { SearchPath } from "./things.ts";

/** What ALTER ROLE and ALTER DATABASE say, with how exact that is, all schemas and which of them this login may use. */
const pathQuery = `
select 'setting', pg_catalog.substr(c.setting, 13),
  (case when c.role = 0 then 0 else 2 end + case when c.database = 0 then 0 else 1 end)::pg_catalog.text
from (select s.setdatabase, s.setrole, pg_catalog.unnest(s.setconfig)
  from pg_catalog.pg_db_role_setting s
  join pg_catalog.pg_database d on d.datname = pg_catalog.current_database() and s.setdatabase in (0, d.oid)
  left join pg_catalog.pg_roles r on r.oid = s.setrole
  where s.setrole = 0 or $1 = 'login' and r.rolname = session_user) c (database, role, setting)
where pg_catalog.left(c.setting, 12) = 'search_path='
union all
select 'schema', n.nspname, pg_catalog.has_schema_privilege(n.oid, 'usage')::pg_catalog.text
from pg_catalog.pg_namespace n where n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
union all
select 'user', session_user, null`;

/**
 * Where a session that changed nothing looks up a name without a schema. `login`: it is the login that asks here;
 * else it is a role of its own, of which only the database's setting is known.
 */
export async function searchPath(ask: Ask, login: boolean): Promise<SearchPath> {
  const rows = await ask(pathQuery, [login ? "login" : "database"]);
  const values = (kind: string) => rows.filter((row) => row[0] === kind);
  const settings = values("setting").sort((one, other) => Number(other[2]) - Number(one[2]));
  const setting = settings[0]?.[1] ?? '"$user", public';
  const user = login ? (values("user")[0]?.[1] ?? "") : "";
  const usable = new Map(values("schema").map(([, name, may]) => [name ?? "", !login || may === "true"]));
  const path = named(setting).map((name) => (name === "$user" ? user : name));
  return { path: path.filter((name) => usable.get(name)), certain: login };
}

/** A list of identifiers as a setting holds it: unquoted ones are folded. */
function named(setting: string): string[] {
  return [...setting.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)].map(([, quoted, plain]) =>
    plain === undefined ? (quoted ?? "").replaceAll('""', '"') : plain.toLowerCase(),
  );
}
