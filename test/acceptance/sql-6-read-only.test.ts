import { afterAll, beforeAll, describe, expect } from "bun:test";
import type pg from "pg";
import { printed } from "../clients/client.ts";
import { readOnly } from "../clients/scripts.ts";
import { needs, testWith } from "../needs.ts";
import { openReadOnlyDoor, type ReadOnlyDoor } from "./read-only-door.ts";

/** A view that is harmless when the gateway asks for it, and by and by is not: it knows for up to 60 seconds what it has read. */
const harmlessView = "create view looks as select note from orders";
const redefined = `
create function writes() returns text language plpgsql volatile as
  $$ begin insert into log values ('written'); return 'written'; end $$;
create or replace view looks as select writes() as note from orders`;

const unlocks = [
  "begin read write",
  "start transaction isolation level serializable, read write",
  "set transaction read write",
  "set session characteristics as transaction read write",
  "set session characteristics as transaction isolation level read committed, read write",
  "set transaction_read_only = off",
  "set local transaction_read_only to 'no'",
  "set session default_transaction_read_only to 0",
  "set default_transaction_read_only to default",
  "reset default_transaction_read_only",
  "reset transaction_read_only",
  "select set_config('transaction_read_only', 'off', true)",
  "select pg_catalog.set_config('DEFAULT_transaction_read_only', 'f', false)",
  "select 1; begin read write; select 2",
];

const harmless = [
  "begin isolation level repeatable read, read only",
  "savepoint a",
  "set transaction read only",
  "declare c cursor for select * from orders",
  "fetch all from c",
  "commit and chain",
  "select set_config('transaction_read_only', 'on', true)",
  "rollback and chain",
  "commit",
  "set session characteristics as transaction read only",
  "set default_transaction_read_only = on",
  "listen news",
  "unlisten *",
  "prepare p as select count(*) from orders",
  "execute p",
  "explain analyze select * from orders",
  "reset all",
  "discard all",
  "begin",
  "lock table orders in access share mode",
  "end",
];

const patience = 60_000;

for (const version of [15, 18] as const) {
  describe(`read-only sessions, PostgreSQL ${version}`, () => {
    const lack = version === 15 ? needs.postgres15 : needs.postgres18;
    let door: ReadOnlyDoor;
    beforeAll(async () => {
      if (lack) return;
      door = await openReadOnlyDoor(version);
    }, patience);
    afterAll(async () => door?.close(), patience);

    const count = async (table: string) =>
      Number((await door.server.sql(`select count(*) from ${table}`))[0]?.[0]);
    const failure = async (client: pg.Client, text: string) =>
      client.query(text).then(
        () => undefined,
        (error: pg.DatabaseError) => error,
      );

    testWith(lack)(
      "nothing switches it off, by any name, parameter or protocol",
      async () => {
        const client = await door.client("readers");
        for (const text of unlocks) {
          for (const query of [text, { name: "", text, values: [] }]) {
            if (typeof query !== "string" && text.includes(";")) continue;
            const error = await client.query(query as string).catch((refused: pg.DatabaseError) => refused);
            expect([text, (error as pg.DatabaseError).detail]).toEqual([
              text,
              expect.stringContaining("Code: postgres.read-only."),
            ]);
          }
          await client.query("rollback");
        }
        const bound = await client
          .query("select set_config('transaction_read_only', $1, true)", ["off"])
          .catch((refused: pg.DatabaseError) => refused);
        expect((bound as pg.DatabaseError).code).toBe("42501");
        for (const text of [
          "update pg_settings set setting = 'off' where name = 'default_transaction_read_only'",
          "do $$ begin set default_transaction_read_only = off; end $$",
          "select set_config(name, 'off', false) from pg_settings",
          "alter role current_user set default_transaction_read_only = off",
          "insert into orders values (2, 'x')",
        ]) {
          expect((await failure(client, text))?.detail).toContain("Code: policy.denied.");
        }
        expect((await client.query("show default_transaction_read_only")).rows).toEqual([
          { default_transaction_read_only: "on" },
        ]);
        await client.end();
      },
      patience,
    );

    testWith(lack)(
      "the server itself refuses what the gateway did not see",
      async () => {
        const mark = door.server.logged().length;
        await door.server.sql(harmlessView);
        const client = await door.client("readers");
        expect(await failure(client, "select * from looks")).toBeUndefined();
        await door.server.sql(redefined);
        for (const begin of [
          "select 1",
          "begin",
          "rollback and chain",
          "rollback",
          "reset all",
          "discard all",
        ]) {
          await client.query(begin);
          expect([begin, (await failure(client, "select * from looks"))?.code]).toEqual([begin, "25006"]);
        }
        await client.end();
        expect(await count("log")).toBe(0);
        // It would have been.
        await door.server.sql("select * from looks");
        expect(await count("log")).toBe(1);
        await door.server.sql("truncate log");
        expect(door.server.logged().slice(mark)).toContain(
          "cannot execute INSERT in a read-only transaction",
        );
      },
      patience,
    );

    testWith(lack)(
      "whatever reads goes on as ever",
      async () => {
        const client = await door.client("readers");
        for (const text of harmless) expect([text, await failure(client, text)]).toEqual([text, undefined]);
        await client.end();
      },
      patience,
    );

    testWith(lack, needs.psql, ...readOnly.map(({ lacks }) => lacks))(
      "psql, pg_dump, psycopg and JDBC notice nothing",
      async () => {
        const token = await door.token("sam", "readers");
        const at = `host=127.0.0.1 port=${door.port} user=sam dbname=shop`;
        const environment = { PGPASSWORD: token, TOKEN: token, PORT: String(door.port) };
        expect(await printed(["psql", "-XAtc", "\\dt", "-c", "table orders", at], environment)).toContain(
          "1|first",
        );
        // As a superuser, which the login behind it is, it would read the passwords of subscriptions.
        if (version === 15) {
          expect(await printed(["pg_dump", "--no-subscriptions", at], environment)).toContain(
            "COPY public.orders",
          );
        }
        for (const { run } of readOnly) expect((await run(environment)).trim()).toBe("1\n1\n1\n1");
      },
      patience,
    );

    testWith(lack)(
      "an open session follows its rights, between two transactions",
      async () => {
        const client = await door.client("reload");
        const insert = "insert into orders values (10, 'x') on conflict do nothing";
        expect((await failure(client, insert))?.detail).toContain("policy.denied");
        await client.query("begin; select 1");
        door.setMay('["read", "write"]');
        await door.until("it may write", async () => (await failure(client, insert))?.code !== "42501");
        expect((await failure(client, insert))?.code).toMatch(/^(25006|25P02)$/);
        await client.query("rollback");
        expect(await failure(client, insert)).toBeUndefined();
        expect(await failure(client, "begin read write; commit")).toBeUndefined();
        door.setMay('["read"]');
        await door.until("it may not", async () => (await failure(client, insert))?.code === "42501");
        expect((await client.query("show transaction_read_only")).rows).toEqual([
          { transaction_read_only: "on" },
        ]);
        expect((await failure(client, "begin read write"))?.detail).toContain("postgres.read-only");
        await client.end();
      },
      patience,
    );

    testWith(lack)(
      "a role of a session that may only read is another one",
      async () => {
        const who = "select current_user::text as role";
        const reader = await door.client("readers", "roles");
        expect((await reader.query(who)).rows).toEqual([{ role: "orders_reader" }]);
        expect((await reader.query("show transaction_read_only")).rows).toEqual([
          { transaction_read_only: "on" },
        ]);
        await reader.end();
        const writer = await door.client("writers", "roles");
        expect((await writer.query(who)).rows).toEqual([{ role: "orders_app" }]);
        expect(await failure(writer, "insert into orders values (20, 'y')")).toBeUndefined();
        await writer.end();
      },
      patience,
    );

    testWith(lack)(
      "doctor tells which of them run as somebody who may do more",
      async () => {
        const told = async (resource: string) => {
          const found = await door.json<{ state: string; message: string }[]>("doctor", resource);
          return found.map(({ state, message }) => `${state} ${message}`);
        };
        const answers = new RegExp(`^ok it answers, as PostgreSQL ${version}`);
        const nobody = "ok nobody is logged in there but through the gateway";
        expect(await told("shop")).toEqual([
          expect.stringMatching(answers),
          "warn sessions that may only read (readers, reload) run as the gateway's own login, which may do more: it is a superuser",
          nobody,
        ]);
        expect(await told("roles")).toEqual([
          expect.stringMatching(answers),
          "ok sessions that may only read (readers) run as the role orders_reader, which may do no more",
          nobody,
        ]);
        await door.server.sql(
          "create schema shared; grant create on schema shared to public; grant pg_read_server_files to orders_app",
        );
        expect(await told("owned")).toEqual([
          expect.stringMatching(answers),
          "warn sessions that may only read (owned readers) run as the role orders_app, which may do more: it is a member of pg_read_server_files; it may write to 2 relations (public.log …); it may make things in the schema shared",
          nobody,
        ]);
      },
      patience,
    );
  });
}
