import type { ClientAccess, ClientLaunch } from "../../core/plugin.ts";

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
    },
    without,
  };
}
