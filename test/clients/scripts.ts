import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Client, printed, type Seen, type Where } from "./client.ts";
import { versionIn } from "./psql.ts";

const python = "/usr/bin/python3";
const driver = "/usr/share/java/postgresql.jar";

export const psycopg: Client = {
  name: "psycopg 3",
  lacks: moduleLacks("psycopg", "python3-psycopg"),
  see: (where) => viaPython("psycopg_client.py", where),
};

export const asyncpg: Client = {
  name: "asyncpg",
  lacks: moduleLacks("asyncpg", "python3-asyncpg"),
  see: (where) => viaPython("asyncpg_client.py", where),
};

export const jdbc: Client = {
  name: "JDBC",
  lacks:
    existsSync(driver) && Bun.which("javac")
      ? undefined
      : "no JDBC (apt install libpostgresql-jdbc-java default-jdk-headless)",
  async see(where) {
    const said = await printed(["java", "-cp", driver, join(import.meta.dir, "Jdbc.java")], {
      PORT: String(where.port),
      USER_NAME: where.user,
      TOKEN: where.token,
      CA: where.ca,
      OTHER_CA: where.otherCa,
    });
    const lines = said
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
    const seen = Object.fromEntries(lines) as unknown as Seen;
    return { ...seen, version: versionIn(seen.version) };
  },
};

async function viaPython(script: string, where: Where): Promise<Seen> {
  const said = await printed([python, join(import.meta.dir, script)], { WHERE: JSON.stringify(where) });
  return JSON.parse(said) as Seen;
}

/** Debian's own Python, whose packages they are. */
export function moduleLacks(name: string, debian: string): string | undefined {
  const tried = existsSync(python) ? spawnSync(python, ["-c", `import ${name}`]).status : 1;
  return tried === 0 ? undefined : `no ${name} (apt install ${debian})`;
}

/** What each does in a session that may only read, as `sam`, with a token: its standard output. */
export const readOnly = [
  {
    ...{ name: psycopg.name, lacks: psycopg.lacks },
    run: (environment: Readonly<Record<string, string>>) =>
      printed([python, join(import.meta.dir, "read_only_psycopg.py")], environment),
  },
  {
    ...{ name: jdbc.name, lacks: jdbc.lacks },
    run: (environment: Readonly<Record<string, string>>) =>
      printed(["java", "-cp", driver, join(import.meta.dir, "ReadOnlyJdbc.java")], environment),
  },
];
