import type { Bypass, Permit } from "../../core/plugin.ts";
import type { PostgresConfig } from "./config.ts";
import { Control, type Row } from "./control.ts";
import { dialControl } from "./dial.ts";

/**
 * Who is logged in to the database and did not come through the gateway: from another address than ours, or as
 * another role than ours. Roles made for one session are ours wherever they come from: other gateways make them too.
 */
export async function bypasses(permit: Permit<PostgresConfig>): Promise<readonly Bypass[]> {
  const control = new Control();
  try {
    return (await control.query(() => dialControl(permit), query, [])).map(bypass);
  } finally {
    await control.close();
  }
}

const query = `
  select usename, coalesce(host(client_addr), 'the server itself'), coalesce(application_name, ''),
    extract(epoch from min(backend_start))::bigint, count(*)
  from pg_catalog.pg_stat_activity
  where backend_type = 'client backend' and datname = current_database() and usename is not null
    and usename !~ '^postern_'
    and not (usename = session_user and client_addr is not distinct from pg_catalog.inet_client_addr())
  group by 1, 2, 3
  order by 5 desc, 1, 2, 3`;

function bypass([login, from, application, since, count]: Row): Bypass {
  return {
    login: login ?? "",
    from: from ?? "",
    ...(application ? { application } : {}),
    since: Number(since) * 1000,
    count: Number(count),
  };
}
