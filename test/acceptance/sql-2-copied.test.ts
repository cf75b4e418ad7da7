import { afterAll, beforeAll, describe, expect } from "bun:test";
import { needs, testWith } from "../needs.ts";
import { execute, fields, type Message, query, RawClient, sync } from "../raw.ts";
import type { PostgresVersion } from "../servers/postgres.ts";
import { type MaskingDoor, openMaskingDoor } from "./masking-door.ts";

/** Each would leave a clear value where everybody reads it. */
const copying = [
  "insert into orders select id + 100, 1, email from customers",
  "insert into orders select id + 100, 1, r from reached",
  "insert into orders select id + 100, 1, mail from stored",
  "insert into orders (id, note) select id + 100, x::text from customers x",
  "insert into orders values (100, 1, (select email from customers where id = 1))",
  "insert into orders values (1, 1, 'x') on conflict (id) do update set note = (select card from customers limit 1)",
  "insert into customers as c (id) values (1) on conflict (id) do update set city = c.email",
  "with w as (insert into orders select id + 100, 1, email from customers returning id) select id from w",
  "update orders set note = email from customers where customers.id = orders.customer",
  "update customers set city = loud",
  "update orders set (customer, note) = (select id, email from customers where id = 1)",
  "merge into orders o using customers c on c.id = o.customer when matched then update set note = c.email",
  "create table copies as select email as e from customers",
  "create temp table copies as select profile as e from customers",
  "select email as e into copies from customers",
  "prepare bad as insert into orders select id + 100, 1, email from customers; execute bad",
  "explain analyze insert into orders select id + 100, 1, email from customers",
  "insert into orders values (100, 1, mail_of(1))",
];

/** Ordinary work of who may write; some with what is then read of it. */
const working = [
  "insert into orders values (100, 1, 'mine') returning id",
  "insert into orders (id, note) values (nextval('numbers'), now()::text), (default, gen_random_uuid()::text)",
  "insert into orders (id, note) select * from unnest('{101,102}'::int[], '{a,b}'::text[])",
  "insert into orders select id + 100, id, city from customers where email like 'q%'",
  "insert into orders values (1, 1, 'x') on conflict (id) do update set note = excluded.note || orders.note",
  "with moved as (delete from orders returning *) insert into orders select id + 100, customer, note from moved",
  "update orders set customer = customer where id = (select max(id) from orders)",
  "update customers set email = lower(email), card = right(card, 8)",
  "update customers set (email, city) = (select email, 'Ulm' from customers c where c.id = customers.id)",
  "update contacts set reach = lower(reach)",
  "insert into events select 5, email, city from customers where id = 1",
  "merge into orders o using customers c on c.id = o.customer when matched then update set note = c.city",
  "create table cities as select id, city from customers",
  "create table mails as select id, email from customers",
  "create materialized view mails as select id, email as m from customers",
  "explain insert into orders select id + 100, 1, email from customers",
  "prepare good(int, text) as insert into orders values ($1, 1, $2); execute good(100, 'x')",
  "delete from orders using customers where email = 'x'",
  "copy orders to stdout",
];

const servers: [PostgresVersion, string | undefined][] = [
  [15, needs.postgres15],
  [18, needs.postgres18],
];

for (const [version, lacks] of servers) {
  describe(`masked values copied by who may write, PostgreSQL ${version}`, () => {
    let door: MaskingDoor;
    let client: RawClient;
    beforeAll(async () => {
      if (lacks) return;
      door = await openMaskingDoor(version);
      await door.server.sql("create sequence numbers start 100; alter table orders alter id set default 99");
      client = await RawClient.login(door.wire.port, "sam", "shop", await door.token("keeping"));
    }, 60_000);
    afterAll(async () => {
      client?.close();
      await door?.close();
    });

    /** The error of one statement, in a transaction that is rolled back. */
    const errorOf = async (bytes: Buffer): Promise<string | undefined> => {
      const answer: Message[] = [];
      for (const each of [query("begin"), bytes, query("rollback")]) {
        client.send(each);
        answer.push(...(await client.until("Z")));
      }
      expect(answer.at(-1)?.type, "the session goes on").toBe("Z");
      const error = answer.find(({ type }) => type === "E");
      return error && fields(error).M;
    };
    const ways = (sql: string) =>
      sql.includes("; ") ? [query(sql)] : [query(sql), Buffer.concat([execute(sql), sync])];

    testWith(lacks)("no such statement reaches the server", async () => {
      const passed: string[] = [];
      for (const [index, sql] of copying.entries()) {
        for (const bytes of ways(`/* mark ${version} ${index} */ ${sql}`)) {
          const error = await errorOf(bytes);
          if (!/stores .* masked/.test(error ?? "")) passed.push(`${sql}: ${error ?? "no error"}`);
        }
      }
      expect(passed).toEqual([]);
      expect(door.server.logged()).not.toContain(`mark ${version}`);
    });

    testWith(lacks)("ordinary work passes", async () => {
      const refused: string[] = [];
      for (const sql of working) {
        for (const bytes of ways(sql)) {
          const error = await errorOf(bytes);
          if (error !== undefined) refused.push(`${sql}: ${error}`);
        }
      }
      expect(refused).toEqual([]);
    });

    testWith(lacks)("a statement prepared before a column's view changed is judged anew", async () => {
      await door.server.sql("create view shown as select id, city as c from customers");
      client.send(query("prepare kept as insert into orders select id + 100, 1, c from shown"));
      expect((await client.until("Z")).some(({ type }) => type === "E")).toBeFalse();
      client.send(query("create or replace view shown as select id, email as c from customers"));
      expect((await client.until("Z")).some(({ type }) => type === "E")).toBeFalse();
      expect(await errorOf(query("execute kept"))).toMatch(/stores .* masked/);
    });
  });
}
