import { afterAll, beforeAll, describe, expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client, Where } from "../clients/client.ts";
import { dumpAndRestore, dumpLacks } from "../clients/dump.ts";
import { nodePostgres, postgresJs } from "../clients/node.ts";
import { psql, psqlDirect } from "../clients/psql.ts";
import { asyncpg, jdbc, psycopg } from "../clients/scripts.ts";
import { clientsPage, partsOf, passed, type Result, withoutVersions } from "../clients/table.ts";
import { needs, testWith } from "../needs.ts";
import type { PostgresVersion } from "../servers/postgres.ts";
import { openSecureDoor, type SecureDoor } from "./secure-door.ts";

const page = join(import.meta.dir, "../../docs/clients.md");
const clients: readonly Client[] = [psql, psqlDirect, nodePostgres, postgresJs, psycopg, asyncpg, jdbc];
const servers: readonly [PostgresVersion, string | undefined][] = [
  [15, needs.postgres15],
  [18, needs.postgres18],
];
const results: Result[] = [];

for (const [version, lacksServer] of servers) {
  describe(`postgres, must hold 1: clients over TLS, PostgreSQL ${version}`, () => {
    let door: SecureDoor;
    let where: Where;
    beforeAll(async () => {
      if (lacksServer) return;
      door = await openSecureDoor({ version });
      where = {
        port: door.port,
        user: "sam",
        token: await door.token("sam", "support"),
        credential: await door.credential("sam", "support"),
        owner: await door.token("olga", "owners"),
        ca: door.file("ca.crt"),
        otherCa: door.file("other/ca.crt"),
        server: version,
        folder: door.folder,
      };
    });
    afterAll(async () => await door?.close());

    for (const client of clients) {
      testWith(lacksServer, client.lacks)(client.name, async () => {
        const seen = await client.see(where);
        const checks = passed(seen);
        results.push({ client: client.name, server: version, version: seen.version, checks });
        expect({ ...seen, checks }).toMatchObject({
          masked: "****",
          prepared: "****",
          refused: "42501",
          after: "42",
          ...("bound" in seen ? { bound: "****" } : {}),
          ...("cancelled" in seen ? { cancelled: "57014" } : {}),
          checks: expect.arrayContaining(["verified", "refuses"]),
        });
      });
    }

    testWith(lacksServer, dumpLacks)("pg_dump and pg_restore", async () => {
      const restored = await dumpAndRestore(where, door.server);
      expect(restored.original).toMatch(/^[0-9a-f]{32}$/);
      expect(restored.copy).toBe(restored.original);
      const checks = ["verified", "restored"] as const;
      results.push({ client: "pg_dump, pg_restore", server: version, version: restored.version, checks });
    });

    testWith(lacksServer)("and every connection of the gateway to the server was encrypted", async () => {
      await door.server.sql("select 'all before this is in the log'");
      expect(door.server.logged()).not.toContain("pg_hba.conf rejects connection");
    });
  });
}

const lacking = [...clients.map(({ lacks }) => lacks), ...servers.map(([, lacks]) => lacks), dumpLacks];
testWith(...lacking)("docs/clients.md says what this run saw", async () => {
  const seen = clientsPage(results);
  const [, uses] = partsOf(readFileSync(page, "utf8"));
  if (process.env.POSTERN_WRITE_DOCS) writeFileSync(page, seen + uses);
  const [logins] = partsOf(readFileSync(page, "utf8"));
  expect(withoutVersions(logins)).toBe(withoutVersions(seen));
});
