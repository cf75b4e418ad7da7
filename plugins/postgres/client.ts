import type { ClientAccess, ClientLaunch, KnownClient } from "../../core/plugin.ts";

/** What libpq takes from the environment before, or beside, what we set: it would go elsewhere, or as somebody else. */
const without = [
  "PGHOSTADDR",
  "PGSERVICE",
  "PGSERVICEFILE",
  "PGPASSFILE",
  "PGOPTIONS",
  "PGREQUIREAUTH",
  "PGREQUIREPEER",
  "PGREQUIRESSL",
  "PGSSLCERT",
  "PGSSLCRL",
  "PGSSLCRLDIR",
  "PGSSLKEY",
  "PGSSLNEGOTIATION",
  "PGTARGETSESSIONATTRS",
  "PGLOADBALANCEHOSTS",
];

const set = [
  "PGHOST",
  "PGPORT",
  "PGUSER",
  "PGPASSWORD",
  "PGDATABASE",
  "PGGSSENCMODE",
  "PGSSLMODE",
  "PGSSLROOTCERT",
] as const;

/** What a gateway elsewhere may have started here. */
export const knownClient: KnownClient = { program: "psql", variables: [...set, ...without] };

/** psql, or anything else that is built on libpq or reads its variables. */
export function client({ resource, host, port, tls, ca, user, password }: ClientAccess): ClientLaunch {
  return {
    command: ["psql"],
    environment: {
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: resource,
      PGGSSENCMODE: "disable",
      // `system`: the authorities of the operating system, from libpq 16 on.
      ...(tls ? { PGSSLMODE: "verify-full", PGSSLROOTCERT: ca ?? "system" } : { PGSSLMODE: "disable" }),
    } satisfies Partial<Record<(typeof set)[number], string>>,
    without,
  };
}
