import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { attackSchema, ordinary, readingAttacks } from "../../plugins/postgres/meaning/testing/attacks.ts";
import { Postern } from "../postern.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { Door } from "./door.ts";

const policy = (port: number) => `
import { gateway, group } from "postern";
import { env, local, postgres } from "postern/plugins";

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  resources: {
    shop: postgres({
      host: "127.0.0.1", port: ${port}, database: "postgres", user: "postgres", credential: env("DATABASE_PASSWORD"),
    }),
  },
  rules: [
    { name: "readers", who: group("readers"), on: "shop", may: ["read"] },
    { name: "writers", who: group("writers"), on: "shop", may: ["read", "write", "delete"] },
    { name: "definers", who: group("definers"), on: "shop", may: ["read", "define"] },
    { name: "all", who: group("all"), on: "shop", may: "all" },
  ],
});
`;

/** Writing statements that run more than they write. */
const writingAttacks = [
  "insert into ruled values (1)",
  "insert into defaulted (id) values (1)",
  "insert into keeps_small values (1)",
  "update secured set n = n",
  "insert into orders values (9, 'x', initcap(1))",
  "delete from orders o returning o.delete_order",
];

describe.each([15, 18] as const)("PostgreSQL %d", (version) => {
  describe.skipIf(!hasPostgres(version))("what a statement does beside what it says", () => {
    let server: PostgresServer;
    let door: Door;
    const clients: pg.Client[] = [];

    beforeAll(async () => {
      server = await startPostgres({ version, settings: { max_prepared_transactions: "2" } });
      await server.sql(attackSchema);
      if (version === 15) await server.sql("create extension citext; create extension pg_trgm");
      const folder = mkdtempSync(join(tmpdir(), "postern-meaning-"));
      const file = join(folder, "policy.ts");
      writeFileSync(file, policy(server.port));
      const data = join(folder, "data");
      const gateway = new Postern(file, data, join(folder, "gateway.log"), {
        DATABASE_PASSWORD: server.password,
      });
      await gateway.start();
      door = new Door(server, gateway, folder, data);
    }, 60_000);

    afterAll(async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => {})));
      await door?.close();
    });

    const connect = async (who: string) => {
      const client = new pg.Client({
        ...{ host: "127.0.0.1", port: door.port, user: "sam", database: "shop" },
        password: await door.token(`sam-${who}`, who),
      });
      client.on("error", () => {});
      clients.push(client);
      await client.connect();
      return client;
    };
    /** How often the server's own log says that one of the functions ran. */
    const runs = () => server.logged().match(/LOG: {2}ran /g)?.length ?? 0;
    const refused = (client: pg.Client, query: pg.QueryConfig | string) =>
      client.query(query as string).then(
        () => "it went through",
        (error: pg.DatabaseError) => error.message,
      );

    test("who may only read runs nothing, in a text or prepared", async () => {
      const client = await connect("readers");
      const before = [runs(), await server.sql("select last_value from ran")] as const;
      for (const { text } of readingAttacks) {
        expect([text, await refused(client, text)]).toEqual([
          text,
          expect.stringMatching(/^execute on public\./),
        ]);
        if (text.startsWith("copy")) continue;
        const prepared = await refused(client, {
          name: `a${readingAttacks.findIndex((attack) => attack.text === text)}`,
          text,
        });
        expect([text, prepared]).toEqual([text, expect.stringMatching(/^execute on public\./)]);
      }
      const inner = "select n from over_view";
      for (const text of [
        `prepare p as ${inner}`,
        `begin; declare c cursor for ${inner}; fetch c`,
        `explain ${inner}`,
      ]) {
        expect([text, await refused(client, text)]).toEqual([
          text,
          expect.stringMatching(/^execute on public\./),
        ]);
        await client.query("rollback");
      }
      expect([runs(), await server.sql("select last_value from ran")]).toEqual([...before]);
    }, 30_000);

    test("who may write runs no function that the table's own things hide", async () => {
      const client = await connect("writers");
      const before = [runs(), await server.sql("select last_value from ran")] as const;
      for (const text of writingAttacks) {
        expect([text, await refused(client, text)]).toEqual([
          text,
          expect.stringMatching(/^execute on public\./),
        ]);
      }
      expect([runs(), await server.sql("select last_value from ran")]).toEqual([...before]);
      expect((await client.query("insert into generated (note) values ('x') returning id")).rowCount).toBe(1);
    });

    test("ordinary texts pass, in a text and prepared", async () => {
      const client = await connect("readers");
      for (const text of ordinary) {
        if (version === 18 && /citext|%|<->/.test(text)) continue;
        expect([text, await client.query(text).then(() => "ok", String)]).toEqual([text, "ok"]);
        expect([
          text,
          await client.query({ name: `o${ordinary.indexOf(text)}`, text }).then(() => "ok", String),
        ]).toEqual([text, "ok"]);
      }
    });

    test("the witness: who may do all runs them, and the log says so", async () => {
      const client = await connect("all");
      const before = runs();
      await client.query("select n from over_view");
      await door.until("the log says so", async () => runs() > before);
    });

    test("what a view, a function or a prepared statement is made into counts from then on", async () => {
      const [owner, reader] = [await connect("all"), await connect("readers")];
      await owner.query("create view changing as select id from orders");
      const read = { name: "changing", text: "select * from changing" };
      expect((await reader.query(read)).rowCount).toBe(2);
      await reader.query("prepare q as select * from changing");
      expect((await reader.query("execute q")).rowCount).toBe(2);
      await owner.query("begin");
      await owner.query("create or replace view changing as select bump(id) as id from orders");
      expect((await reader.query("select 1")).rowCount).toBe(1);
      await owner.query("commit");
      const before = runs();
      for (const query of [read, "execute q", "select * from changing"]) {
        expect(await refused(reader, query)).toMatch(/^execute on public\.bump/);
      }
      expect(runs()).toBe(before);
    });

    test("who may define runs nothing by what only the own transaction sees, nor by what a prepared one leaves", async () => {
      const [owner, definer] = [await connect("all"), await connect("definers")];
      await owner.query("create view still as select calm(1) as n");
      const redefine =
        "create or replace function calm(n int) returns int language sql stable as 'select bump(1)'";
      const read = "select n from still";
      expect(await refused(definer, read)).toBe("it went through");
      const before = runs();
      await definer.query("begin");
      await definer.query(redefine);
      expect(await refused(definer, read)).toMatch(/^execute on public\.calm/);
      await definer.query("rollback");
      expect(await refused(definer, `${redefine}; ${read}`)).toMatch(/^execute on public\.calm/);
      expect(await refused(definer, read)).toBe("it went through");
      for (const text of [
        "create operator @@@@ (leftarg = int, rightarg = int, function = by_sign)",
        "create cast (int as flag) with function bump(int)",
      ])
        expect(await refused(definer, text)).toMatch(/^execute on public\.(by_sign|bump)/);
      await owner.query(`begin; ${redefine}; prepare transaction 'later'`);
      expect(await refused(definer, read)).toBe("it went through");
      await owner.query("commit prepared 'later'");
      expect(await refused(definer, read)).toMatch(/^execute on public\.calm/);
      expect(runs()).toBe(before);
    });

    test("the catalogue is read once for many statements, and not at all where nothing is to be known", async () => {
      const asked = () => server.logged().match(/pg_catalog\.pg_aggregate g/g)?.length ?? 0;
      const client = await connect("readers");
      await client.query("select * from orders");
      const before = asked();
      for (let time = 0; time < 20; time++) await client.query(`select * from orders where id = ${time}`);
      expect(asked()).toBe(before);
    });
  });
});
