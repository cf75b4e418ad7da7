import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { partsOf, usesPart, withoutServers, withoutVersions } from "../clients/table.ts";
import { bunUse, nodePostgresUse, postgresJsUse } from "../clients/use/node.ts";
import { psql18Use, psqlUse } from "../clients/use/psql.ts";
import { scriptedUses } from "../clients/use/scripts.ts";
import { dumpUse, pgbenchUse } from "../clients/use/tools.ts";
import { found, type Used, type UsedClient } from "../clients/use/using.ts";
import { needs, testWith } from "../needs.ts";
import { type PostgresServer, type PostgresVersion, startPostgres } from "../servers/postgres.ts";
import { openGateway, type SuiteGateway } from "../suites/gateway.ts";
import { direct, type Target } from "../suites/target.ts";

const long = process.env.POSTERN_LONG !== undefined;
const page = join(import.meta.dir, "../../docs/clients.md");
const results: (Used & { readonly client: string; readonly server: number })[] = [];

const clients: readonly UsedClient[] = [
  ...[psqlUse, psql18Use, dumpUse, pgbenchUse, ...scriptedUses],
  ...[nodePostgresUse, postgresJsUse, bunUse],
];
const servers: readonly [PostgresVersion, string | undefined][] = [
  [15, needs.postgres15],
  [18, needs.postgres18],
];

/** With 18; in the long run everything, and with both. */
function isTried({ newest = 18, slow }: UsedClient, version: PostgresVersion): boolean {
  return version <= newest && (long || (version === 18 && !slow));
}

for (const [version, lack] of servers) {
  describe(`must hold 1: what clients do with PostgreSQL ${version} is the same through the gateway`, () => {
    let server: PostgresServer;
    let gateway: SuiteGateway;
    let folder: string;
    beforeAll(async () => {
      if (lack) return;
      folder = mkdtempSync(join(tmpdir(), "postern-uses-"));
      server = await startPostgres({ version });
      gateway = await openGateway(server, ["postgres"], "allowing");
    });
    afterAll(async () => {
      await gateway?.close();
      await server?.close();
      if (folder) rmSync(folder, { recursive: true, force: true });
    });

    async function used(client: UsedClient, target: Target): Promise<Used> {
      await server.sql(found);
      return await client.use(target, mkdtempSync(join(folder, "use-")));
    }

    for (const client of clients) {
      if (!isTried(client, version)) continue;
      testWith(lack, client.lacks)(client.name, async () => {
        const expected = await used(client, direct(server));
        const seen = await used(client, gateway);
        expect(seen.did).toEqual({ ...expected.did });
        results.push({ ...expected, client: client.name, server: version });
      });
    }
  });
}

testWith(...clients.map(({ lacks }) => lacks), ...servers.map(([, lack]) => lack))(
  "docs/clients.md says what this run saw",
  async () => {
    const seen = usesPart(
      clients.flatMap(({ name }) => {
        const own = results.filter(({ client }) => client === name);
        const [first] = own;
        if (!first) return [];
        return {
          client: name,
          version: first.version,
          uses: Object.keys(first.did),
          servers: own.map(({ server }) => server),
        };
      }),
    );
    const [logins] = partsOf(readFileSync(page, "utf8"));
    if (process.env.POSTERN_WRITE_DOCS && long) writeFileSync(page, logins + seen);
    const [, written] = partsOf(readFileSync(page, "utf8"));
    if (long) expect(withoutVersions(written)).toBe(withoutVersions(seen));
    else expect(rowsIn(written)).toEqual(expect.arrayContaining(rowsIn(seen)));
  },
);

/** What it says of each client, but for versions and servers. */
function rowsIn(part: string): string[] {
  return withoutServers(part)
    .split("\n")
    .filter((line) => line.startsWith("| "));
}
