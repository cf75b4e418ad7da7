import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { versionIn } from "../psql.ts";
import { asyncpg, jdbc, moduleLacks, psycopg } from "../scripts.ts";
import { told, type UsedClient } from "./using.ts";

const here = (name: string) => join(import.meta.dir, name);

/** A script of another language, which prints what it did. */
function scripted(name: string, lacks: string | undefined, ...command: string[]): UsedClient {
  return {
    name,
    lacks,
    async use(target) {
      const { version, did } = await told(target, command);
      return { version: versionIn(version), did };
    },
  };
}

/** Whether a program of Debian's runs this. */
function runs(debian: string, ...command: readonly [string, ...string[]]): string | undefined {
  const [program, ...options] = command;
  return spawnSync(program, options).status === 0 ? undefined : `no ${debian} (apt install ${debian})`;
}

const python = "/usr/bin/python3";

export const scriptedUses: readonly UsedClient[] = [
  scripted("psycopg 3", psycopg.lacks, python, here("psycopg_use.py")),
  scripted("psycopg2", moduleLacks("psycopg2", "python3-psycopg2"), python, here("psycopg2_use.py")),
  scripted("asyncpg", asyncpg.lacks, python, here("asyncpg_use.py")),
  scripted("JDBC", jdbc.lacks, "java", "-cp", "/usr/share/java/postgresql.jar", here("JdbcUse.java")),
  scripted("DBD::Pg", runs("libdbd-pg-perl", "perl", "-MDBD::Pg", "-e", "1"), "perl", here("dbd_use.pl")),
  scripted(
    "PHP, PDO and pgsql",
    runs("php-pgsql", "php", "-r", "exit(extension_loaded('pdo_pgsql') ? 0 : 1);"),
    ...["php", here("pdo_use.php")],
  ),
];
