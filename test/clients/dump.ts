import { join } from "node:path";
import { needs } from "../needs.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { printed, type Where } from "./client.ts";
import { versionIn } from "./psql.ts";

const customers = "select md5(string_agg(c::text, '|' order by id)) from customers c";

/** pg_dump takes no server newer than itself. */
export const dumpLacks = needs.psql ?? needs.postgres15;

/** What pg_dump wrote through the gateway, restored through it into another database. */
export interface Restored {
  readonly version: string;
  /** Digests of the table before and after. */
  readonly original: string;
  readonly copy: string;
}

export async function dumpAndRestore(where: Where, server: PostgresServer): Promise<Restored> {
  const archive = join(where.folder, "shop.dump");
  const through = (database: string) =>
    `host=localhost port=${where.port} dbname=${database} user=olga sslmode=verify-full sslrootcert=${where.ca}`;
  const environment = { PGPASSWORD: where.owner };
  if (where.server === 15) {
    await printed(["pg_dump", "-Fc", "-d", through("shop"), "-f", archive], environment);
  } else {
    await dumpOfOlderServer(archive, await server.sql("table customers"));
  }
  await printed(["pg_restore", "--exit-on-error", "--no-owner", "-d", through("copy"), archive], environment);
  return {
    version: versionIn(await printed(["pg_dump", "--version"])),
    original: String((await server.sql(customers))[0]),
    copy: String((await server.sql(customers, "copy"))[0]),
  };
}

async function dumpOfOlderServer(archive: string, rows: (string | null)[][]): Promise<void> {
  const older = await startPostgres({ version: 15 });
  try {
    await older.sql(
      "create table customers (id int primary key, name text, email text, card text, city text)",
    );
    for (const row of rows) {
      await older.sql(`insert into customers values (${row.map((value) => `'${value}'`).join()})`);
    }
    await printed(["pg_dump", "-Fc", "-d", older.url(), "-f", archive]);
  } finally {
    await older.close();
  }
}
