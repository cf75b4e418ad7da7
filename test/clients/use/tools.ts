import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { needs } from "../../needs.ts";
import { printed } from "../client.ts";
import { versionIn } from "../psql.ts";
import { database, said, type Used, type UsedClient } from "./using.ts";

const count = "select 'fid.items', count(*), md5(string_agg(i::text, '' order by id)) from fid.items i";

/** pg_dump in its forms, and pg_restore of each into the database that it came from. */
export const dumpUse: UsedClient = {
  name: "pg_dump, pg_restore, pg_dumpall",
  lacks: needs.psql ?? needs.postgres15,
  newest: 15,
  slow: true,
  async use(target, folder): Promise<Used> {
    const file = (name: string) => join(folder, name);
    const did: Record<string, string> = {};
    const dump = (...options: string[]) => said(target, ["pg_dump", ...options]);
    const restore = (...options: string[]) => said(target, ["pg_restore", "-d", database, ...options]);
    const look = () => said(target, ["psql", "-XAtc", count]);
    did.plain = plain(await dump());
    did["`--clean --if-exists`"] = plain(await dump("--clean", "--if-exists", "-n", "fid"));
    did["`--data-only --inserts`"] = plain(await dump("--data-only", "--inserts", "-n", "fid"));
    did["plain, restored by psql"] =
      (await dump("--clean", "-n", "fid", "-f", file("plain.sql"))) +
      (await said(target, ["psql", "-Xq1", "-v", "ON_ERROR_STOP=1", "-f", file("plain.sql")])) +
      (await look());
    did.custom =
      (await dump("-Fc", "-n", "fid", "-f", file("custom"))) +
      (await restore("--clean", "--exit-on-error", file("custom"))) +
      (await look());
    did["directory, `-j 3`"] =
      (await dump("-Fd", "-j", "3", "-n", "fid", "-f", file("directory"))) +
      readdirSync(file("directory")).length +
      (await restore("--clean", "-j", "3", file("directory"))) +
      (await look());
    did["`--data-only`"] =
      (await said(target, ["psql", "-Xqc", "truncate fid.items"])) +
      (await restore("--data-only", "--table=items", file("custom"))) +
      (await look());
    did["`pg_dumpall`"] = plain(
      await said(target, ["pg_dumpall", "--no-role-passwords", "--exclude-database=template1"]),
    );
    return { version: versionIn(await printed(["pg_dump", "--version"])), did };
  },
};

/** Since 15.14 a dump is fenced by a word that nobody can guess. */
function plain(dump: string): string {
  return dump.replaceAll(/^\\(un)?restrict \w+$/gm, "");
}

const bench = "/usr/lib/postgresql/15/bin/pgbench";
const pipeline = `\\set id random(1, 50)
\\startpipeline
select name from fid.items where id = :id;
update fid.items set price = price + 1 where id = :id;
select twice from fid.twice(:id);
\\endpipeline
`;

/** The same transactions each time, by one client and then by four. */
export const pgbenchUse: UsedClient = {
  name: "pgbench",
  lacks: needs.pgbench,
  async use(target, folder): Promise<Used> {
    const did: Record<string, string> = {};
    const script = join(folder, "pipeline.sql");
    writeFileSync(script, pipeline);
    const look = (sql: string) => said(target, ["psql", "-XAtc", sql]);
    did["`-i`"] =
      ended(await said(target, [bench, "-i", "-s", "1"])) +
      (await look("select count(*) from pgbench_accounts"));
    for (const mode of ["simple", "extended", "prepared"]) {
      const options = ["-n", "-M", mode, "--random-seed=7", "-t", "20"];
      did[`\`-M ${mode}\``] =
        ended(await said(target, [bench, ...options])) +
        (await look("select count(*), sum(delta) from pgbench_history")) +
        ended(await said(target, [bench, ...options, "-c", "4", "-S"]));
    }
    for (const mode of ["extended", "prepared"]) {
      const options = ["-n", "-M", mode, "--random-seed=7", "-t", "20", "-f", script];
      did[`\`\\startpipeline\`, ${mode}`] =
        ended(await said(target, [bench, ...options])) + (await look("select sum(price) from fid.items"));
    }
    await look("drop table pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers");
    return { version: versionIn(await printed([bench, "--version"])), did };
  },
};

/** What of it does not depend on how fast it was. */
function ended(output: string): string {
  const told = /^number of (transactions actually|failed|clients).*$|^(pgbench: )?(error|fatal).*$/gm;
  return [...(output.match(told) ?? []), output.slice(-1)].join("\n");
}
