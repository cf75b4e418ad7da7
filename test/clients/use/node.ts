import { finished } from "node:stream/promises";
import pg from "pg";
import pgManifest from "pg/package.json" with { type: "json" };
import { to } from "pg-copy-streams";
import postgres from "postgres";
import type { Target } from "../../suites/target.ts";
import { postgresVersion } from "../node.ts";
import { database, type Used, type UsedClient } from "./using.ts";

const some = "select * from fid.items where id = any($1) order by id";

/** What it shows, or what it fails with. */
async function shown(act: PromiseLike<unknown>): Promise<string> {
  try {
    return JSON.stringify(await act);
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return `${code} ${message}`;
  }
}

async function pgDid(target: Target): Promise<Record<string, string>> {
  const client = new pg.Client({ ...at(target), database });
  const notices: unknown[] = [];
  const heard = Promise.withResolvers<pg.Notification>();
  client.on("notice", ({ severity, message }) => notices.push([severity, message]));
  client.on("notification", (notification) => heard.resolve(notification));
  await client.connect();
  const rows = async (text: string | pg.QueryConfig) => {
    const { rows, rowCount, command, fields } = await client.query({
      ...(typeof text === "string" ? { text } : text),
    });
    return [
      rows,
      rowCount,
      command,
      fields.map(({ name, dataTypeID, format }) => [name, dataTypeID, format]),
    ];
  };
  try {
    const did: Record<string, string> = {};
    did.simple = await shown(rows("select * from fid.items where id < 4 order by id"));
    did.extended = await shown(rows({ text: some, values: [[1, 7]] }));
    did.binary = await shown(
      rows({
        text: "select id, raw from fid.items where id < $1 order by id",
        values: [4],
        binary: true,
      } as pg.QueryConfig),
    );
    did.named = await shown(
      Promise.all([1, 2, 3].map((id) => rows({ name: "named", text: some, values: [[id]] }))),
    );
    did["many in one"] = await shown(
      client
        .query("select 1 as a; select 2 as b; select 3 as c")
        .then((all) => (all as unknown as pg.QueryResult[]).map((one) => one.rows)),
    );
    did.errors = `${await shown(client.query("select 1/0"))} ${await shown(client.query(some, ["x"]))} ${await shown(client.query("select 1"))}`;
    const out: Buffer[] = [];
    const copied = client.query(to("copy (select id, name from fid.items order by id) to stdout"));
    copied.on("data", (part: Buffer) => out.push(part));
    await finished(copied);
    did["pg-copy-streams"] = Buffer.concat(out).toString();
    await client.query("call fid.add(1)");
    await client.query("listen fid; notify fid, 'payload'");
    const { channel, payload } = await heard.promise;
    did["notices, notifications"] = JSON.stringify([notices, channel, payload]);
    return did;
  } finally {
    await client.end();
  }
}

async function postgresDid(target: Target): Promise<Record<string, string>> {
  const notices: unknown[] = [];
  const sql = postgres({
    ...at(target),
    database,
    max: 3,
    onnotice: ({ severity, message }) => notices.push([severity, message]),
  });
  try {
    const did: Record<string, string> = {};
    did.prepared = await shown(sql`select * from fid.items where id in ${sql([1, 7])} order by id`);
    did.simple = await shown(sql.unsafe("select 1 as a; select 2 as b"));
    did.described = await shown(
      sql`select id, price from fid.items where name = ${"x"}`
        .describe()
        .then(({ types, columns }) => [types, columns.map(({ name, type }) => [name, type])]),
    );
    const parts: unknown[] = [];
    await sql`select id from fid.items order by id`.cursor(
      7,
      async (rows) => void parts.push(rows.map(({ id }) => id)),
    );
    did.cursors = JSON.stringify(parts);
    did["a pipeline"] = await shown(
      Promise.all(Array.from({ length: 30 }, (_, n) => sql`select fid.twice(${n})`)),
    );
    const written = await sql`copy fid.copied (id, name) from stdin`.writable();
    written.end("1\tone\n2\ttwo\n");
    await finished(written);
    const out: Buffer[] = [];
    for await (const part of await sql`copy (select id, name from fid.copied order by id) to stdout`.readable())
      out.push(part as Buffer);
    did.COPY = Buffer.concat(out).toString();
    did.transactions =
      (await shown(
        sql.begin(async (work) => [
          await work`insert into fid.copied (id) values (9)`,
          await work.savepoint((point) => point`select 1/0`).catch(({ code }) => code),
        ]),
      )) + (await shown(sql`select count(*) from fid.copied`));
    const heard = Promise.withResolvers<string>();
    await sql.listen("fid", heard.resolve);
    await sql.notify("fid", "payload");
    await sql`call fid.add(33)`;
    did["notices, notifications"] = JSON.stringify([notices, await heard.promise]);
    return did;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function bunDid(target: Target): Promise<Record<string, string>> {
  const { host: hostname, port, user: username, password } = target;
  const sql = new Bun.SQL({
    adapter: "postgres",
    hostname,
    port,
    username,
    password,
    database,
    max: 2,
    tls: false,
  });
  try {
    return {
      prepared: await shown(
        sql`select id, name, price, made, tags, more from fid.items where id < ${4} order by id`,
      ),
      simple: await shown(sql`select 1 as a; select 2 as b`.simple()),
      errors: `${await shown(sql`select 1/${0}::int`)} ${await shown(sql`select ${1}::int as n`)}`,
      "a pipeline": await shown(
        Promise.all(Array.from({ length: 30 }, (_, n) => sql`select fid.twice(${n}::int)`)),
      ),
      transactions:
        (await shown(sql.begin(async (work) => [await work`insert into fid.copied (id) values (${9})`]))) +
        (await shown(sql.begin((work) => work`insert into fid.copied (id) values (${9})`))) +
        (await shown(sql`select count(*)::int as n from fid.copied`)),
    };
  } finally {
    await sql.close();
  }
}

function at({ host, port, user, password }: Target) {
  return { host, port, user, password };
}

const use =
  (version: string, did: (target: Target) => Promise<Record<string, string>>) =>
  async (target: Target): Promise<Used> => ({ version, did: await did(target) });

export const nodePostgresUse: UsedClient = {
  name: "node-postgres",
  lacks: undefined,
  use: use(pgManifest.version, pgDid),
};
export const postgresJsUse: UsedClient = {
  name: "postgres.js",
  lacks: undefined,
  use: use(postgresVersion(), postgresDid),
};
export const bunUse: UsedClient = { name: "Bun.sql", lacks: undefined, use: use(Bun.version, bunDid) };
