// What the benchmark measures beside Postern, as test/run/machine.mjs installs it.
import { onPath } from "../test/run/machine.mjs";

export const peers = [
  { what: "PgBouncer", packages: ["pgbouncer"], there: () => onPath("pgbouncer") },
  { what: "nginx", packages: ["nginx-light"], there: () => onPath("nginx") },
  { what: "wrk", packages: ["wrk"], there: () => onPath("wrk") },
];
