import { afterAll, beforeAll, describe, expect } from "bun:test";
import { needs, testWith } from "../needs.ts";
import {
  execute,
  fields,
  int16,
  int32,
  type Message,
  message,
  query,
  RawClient,
  sync,
  text,
} from "../raw.ts";
import type { PostgresVersion } from "../servers/postgres.ts";
import { type MaskingDoor, openMaskingDoor } from "./masking-door.ts";

/** What asks something of `email`, each with a guess in it. */
const asking = [
  "select id from customers where email like 'q%'",
  "select id from contacts where reach like 'q%'",
  "select c from reached where r > 'm'",
  "select city from whole where everything::text like '%quimby%'",
  "select city from whole where (everything).email like 'q%'",
  "select 1 from stored where mail = 'x'",
  "with q as (select email as e, id from customers) select id from q where e like 'q%'",
  "with q(a, b) as (select id, email from customers) select a from q where b like 'q%'",
  "select id from (select id, lower(email) from customers) q where lower like 'q%'",
  "select x.id from customers x join (values ('quimby.zorblax@vextrap.example')) v(email) using (email)",
  "select id from customers natural join (values ('quimby.zorblax@vextrap.example')) v(email)",
  "select id from customers join (values ('q')) v(g) on starts_with(email, g)",
  "select id, email from customers order by 2",
  "select id, email as e from customers order by e",
  "select count(*) from (select distinct email from customers) q",
  "select count(distinct email) from customers",
  "select count(*) from customers group by left(email, 1)",
  "select email from customers union select 'quimby.zorblax@vextrap.example'",
  "select email from customers except select 'quimby.zorblax@vextrap.example'",
  "select generate_series(1, ascii(email)) from customers",
  "select g from customers, generate_series(1, ascii(email)) g",
  "select city from customers limit (select ascii(email) from customers limit 1)",
  "select rank() over (order by email) from customers",
  "select count(*) filter (where email like 'q%') from customers",
  "select 1 / (ascii(email) - 113) from customers",
  "select case when email like 'q%' then 1 / 0 end from customers",
  "select email::regclass from customers",
  "insert into customers (id, email) values (9, 'x') on conflict (email) do nothing",
  "update customers set city = city where email like 'q%'",
  "delete from customers where email like 'q%'",
  "explain select id from customers where email like 'q%'",
  "copy (select id from customers where email like 'q%') to stdout",
  "declare d cursor for select id from customers order by email",
  "prepare p as select id from customers where email like 'q%'",
  "select id from customers where mail_of(id) like 'q%'",
  "select id from events where email like 'q%'",
  "select city from employees where email like 'q%'",
  "select city from persons p where p is null",
  "select 1; select id from customers where email like 'q%'",
  "do $$ begin perform 1 / (ascii(email) - 113) from customers; end $$",
] as const;

/** What asks of others, or only shows it. */
const showing = [
  ["select id, email, lower(email), city from customers where city like 'U%' order by city", "****"],
  ["select c::text from customers c where c.id = 1", "****"],
  ["select reach, city from contacts where city = 'Ulm'", "****"],
  ["with q as (select email as e, id from customers) select e from q where id = 1", "****"],
  ["select c.email, o.note from customers c join orders o on o.customer = c.id order by o.id", "****"],
  ["select count(*), count(email), max(email) from customers where id > 0", "****"],
  ["select email from customers union all select note from orders", "****"],
  ["select note from orders where note = 'Ulm'", "Ulm"],
  ["insert into orders values (7, 1, 'new') returning note", "new"],
  ["update customers set city = 'Jena' where id = 1 returning email, city", "Jena"],
  ["select g from generate_series(7, 8) g where g = 7", "7"],
  ["select relname from pg_catalog.pg_class where relname = 'customers'", "customers"],
  ["copy (select email, city from customers where id = 1) to stdout", "Ulm"],
  ["prepare good as select city from customers where id = 1; execute good", "Ulm"],
] as const;

const servers: [PostgresVersion, string | undefined][] = [
  [15, needs.postgres15],
  [18, needs.postgres18],
];

for (const [version, lacks] of servers) {
  describe(`predicates: "deny", PostgreSQL ${version}`, () => {
    let door: MaskingDoor;
    let client: RawClient;
    beforeAll(async () => {
      if (lacks) return;
      door = await openMaskingDoor(version);
      client = await RawClient.login(door.wire.port, "sam", "shop", await door.token("unasking"));
    });
    afterAll(async () => {
      client?.close();
      await door?.close();
    });

    const asked = async (bytes: Buffer, readies = 1) => {
      const answer: Message[] = [];
      for (const [each, count] of [
        [query("begin"), 1],
        [bytes, readies],
        [query("rollback"), 1],
      ] as const) {
        client.send(each);
        for (let ready = 0; ready < count; ready++) answer.push(...(await client.until("Z")));
      }
      return answer;
    };

    testWith(lacks)("what asks something of a masked column does not reach the server", async () => {
      const passed: string[] = [];
      for (const [index, sql] of asking.entries()) {
        const marked = `/* mark ${version} ${index} */ ${sql}`;
        for (const bytes of [
          query(marked),
          ...(sql.includes("; ") ? [] : [Buffer.concat([execute(marked), sync])]),
        ]) {
          const answer = await asked(bytes);
          const error = answer.find(({ type }) => type === "E");
          const message = error ? fields(error).M : undefined;
          if (!message?.includes("asks something of") || answer.some(({ type }) => type === "D")) {
            passed.push(`${sql}: ${message ?? "no error"}`);
          }
        }
      }
      expect(passed).toEqual([]);
      expect(door.server.logged()).not.toContain(`mark ${version}`);
    });

    testWith(lacks)("what only shows it passes", async () => {
      const refused: string[] = [];
      for (const [sql, held] of showing) {
        const answer = await asked(query(sql));
        const error = answer.find(({ type }) => type === "E");
        if (error || !Buffer.concat(answer.map(({ body }) => body)).includes(held)) {
          refused.push(`${sql}: ${error ? fields(error).M : "without what it holds"}`);
        }
      }
      expect(refused).toEqual([]);
    });

    testWith(lacks)("nor by a named statement, a cursor or a parameter", async () => {
      const like = "select id from customers where email like $1";
      const parse = message("P", text("s"), text(like), int16(0));
      const bind = message(
        "B",
        text(""),
        text("s"),
        int16(0),
        int16(1),
        int32(2),
        Buffer.from("q%"),
        int16(0),
      );
      const answer = await asked(Buffer.concat([parse, bind, message("E", text(""), int32(0)), sync]));
      expect(answer.filter(({ type }) => type === "E").map((each) => fields(each).M)).toEqual([
        expect.stringContaining("asks something of public.customers.email"),
      ]);
      const again = await asked(Buffer.concat([bind, message("E", text(""), int32(0)), sync]));
      expect(again.some(({ type }) => type === "D")).toBeFalse();
      const prepared = await asked(
        query("prepare t(text) as select id from customers where email like $1; execute t('q%')"),
      );
      expect(prepared.some(({ type }) => type === "D")).toBeFalse();
    });

    testWith(lacks)("a column added since is known", async () => {
      await door.server.sql("alter table orders add email text default 'x'");
      const answer = await asked(query("select id from orders where email like 'q%'"));
      expect(answer.some(({ type }) => type === "D")).toBeFalse();
    });
  });
}
