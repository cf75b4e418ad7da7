import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { finished, pipeline } from "node:stream/promises";
import pg from "pg";
import { from, to } from "pg-copy-streams";
import { needs } from "../needs.ts";
import { psycopg } from "./scripts.ts";

/** Where to copy from and to: over the network, without TLS. */
export interface CopyPlace {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** For files in passing. */
  readonly folder: string;
}

/** A client that copies: `what` is a table, with columns or not, or a query; `options` as SQL has them. */
export interface CopyClient {
  readonly name: string;
  readonly lacks: string | undefined;
  /** The bytes of the copy. */
  out(place: CopyPlace, what: string, options: string): Promise<Buffer>;
  /** Copies these bytes into a table. */
  in(place: CopyPlace, table: string, options: string, bytes: Buffer): Promise<void>;
}

const psqlCopy: CopyClient = {
  name: "psql \\copy",
  lacks: needs.psql,
  async out(place, what, options) {
    const file = join(place.folder, "out.copy");
    await psql(place, `\\copy ${what} to '${file}' with (${options})`);
    return readFileSync(file);
  },
  async in(place, table, options, bytes) {
    const file = join(place.folder, "in.copy");
    writeFileSync(file, bytes);
    await psql(place, `\\copy ${table} from '${file}' with (${options})`);
  },
};

const psqlStdout: CopyClient = {
  name: "psql COPY TO STDOUT",
  lacks: needs.psql,
  out: (place, what, options) => psql(place, `copy ${what} to stdout with (${options})`),
  async in(place, table, options, bytes) {
    await psql(place, `copy ${table} from stdin with (${options})`, bytes);
  },
};

const psycopgCopy: CopyClient = {
  name: "psycopg 3",
  lacks: psycopg.lacks,
  out: (place, what, options) => viaPsycopg(place, `copy ${what} to stdout with (${options})`),
  async in(place, table, options, bytes) {
    await viaPsycopg(place, `copy ${table} from stdin with (${options})`, bytes);
  },
};

const copyStreams: CopyClient = {
  name: "node-postgres, pg-copy-streams",
  lacks: undefined,
  async out(place, what, options) {
    const client = await connected(place);
    try {
      const parts: Buffer[] = [];
      const stream = client.query(to(`copy ${what} to stdout with (${options})`));
      stream.on("data", (part: Buffer) => parts.push(part));
      await finished(stream);
      return Buffer.concat(parts);
    } finally {
      await client.end();
    }
  },
  async in(place, table, options, bytes) {
    const client = await connected(place);
    try {
      await pipeline([bytes], client.query(from(`copy ${table} from stdin with (${options})`)));
    } finally {
      await client.end();
    }
  },
};

export const copyClients: readonly CopyClient[] = [psqlCopy, psqlStdout, psycopgCopy, copyStreams];

async function connected({ port, user, password, database }: CopyPlace): Promise<pg.Client> {
  const client = new pg.Client({ host: "127.0.0.1", port, user, password, database });
  await client.connect();
  return client;
}

function psql({ port, user, password, database }: CopyPlace, command: string, input?: Buffer) {
  const args = ["-XAtq", "-h", "127.0.0.1", "-p", String(port), "-U", user, "-d", database, "-c", command];
  return run(["psql", ...args], { PGPASSWORD: password }, input);
}

function viaPsycopg({ port, user, password, database }: CopyPlace, statement: string, input?: Buffer) {
  const script = join(import.meta.dir, "psycopg_copy.py");
  const where = `host=127.0.0.1 port=${port} user=${user} dbname=${database} sslmode=disable`;
  return run(["/usr/bin/python3", script, where, statement], { PGPASSWORD: password }, input);
}

async function run(command: string[], environment: Record<string, string>, input?: Buffer): Promise<Buffer> {
  const child = Bun.spawn(command, {
    env: { ...process.env, ...environment },
    stdin: input ?? "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).arrayBuffer(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command[0]}: ${err}`);
  return Buffer.from(out);
}
