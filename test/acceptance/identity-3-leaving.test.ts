import { afterAll, beforeAll, describe, expect } from "bun:test";
import { writeFileSync } from "node:fs";
import pg from "pg";
import { needs, testWith } from "../needs.ts";
import { int16, int32, message, RawClient } from "../raw.ts";
import { openRolesDoor, type RolesDoor, rolesPolicy } from "./roles-door.ts";

const patience = 60_000;

/** Each would leave the role, or change what the session logs in as. The rule of this session says `may: "all"`. */
const refused = [
  "set role none",
  "set role orders_reader",
  "SET LOCAL ROLE none",
  "set session role none",
  "reset role",
  "set session authorization default",
  "set session authorization orders_reader",
  "reset session authorization",
  "select 1; set role none",
  "set/**/role/**/none",
  "select set_config('role', 'none', false)",
  "select pg_catalog.set_config('ROLE', 'none', true)",
  "select set_config('ro' || 'le', 'none', false)",
  "select set_config(note, 'none', false) from orders",
  "with x as (select set_config('session_authorization', 'postgres', false)) select * from x",
  "prepare p as select set_config('role', 'none', false)",
  "declare c cursor for select set_config('role', 'none', false)",
  "explain analyze select set_config('role', 'none', false)",
  "create table work.s as select set_config('role', 'none', false)",
  "do $$ begin set role none; end $$",
  "do $$ begin execute 'set role none'; end $$",
  "do $$ begin perform set_config('role', 'none', false); end $$",
  "do $$ begin set /* quietly */ local role none; end $$",
  "create function work.leave() returns void language sql as 'set role none'",
  "create function work.leave() returns void language plpgsql set role = 'orders_reader' as 'begin end'",
  "alter function around(text) set role = 'orders_reader'",
  "alter role current_user password 'guessed'",
  "alter user session_user password 'guessed'",
  "alter role orders_writer password 'guessed'",
  "alter role orders_writer login",
  "alter role current_role set role = 'none'",
  "grant orders_writer to bystander",
  "drop role orders_writer",
];

for (const version of [15, 18] as const) {
  describe(`must hold 3: nobody leaves the session's role, PostgreSQL ${version}`, () => {
    const lack = version === 15 ? needs.postgres15 : needs.postgres18;
    let door: RolesDoor;
    beforeAll(async () => {
      if (lack) return;
      door = await openRolesDoor({ version });
    }, patience);
    afterAll(async () => door?.close());

    testWith(lack)(
      "whatever the rules allow",
      async () => {
        const client = await door.client("writers");
        const refusal = { code: "42501", message: expect.stringContaining("runs as orders_writer") };
        for (const text of refused) {
          await expect(client.query(text).then(() => text)).rejects.toMatchObject(refusal);
        }
        // By parameters, and by the name of a prepared statement.
        const named = { name: "s", text: "select set_config($1, $2, false)", values: ["role", "none"] };
        await expect(client.query(named)).rejects.toMatchObject(refusal);
        const { rows } = await client.query("select current_user, session_user");
        expect(rows).toEqual([{ current_user: "orders_writer", session_user: (await door.made())[0] }]);
        // What only looks like it goes on.
        await client.query("create temp table people (role text)");
        await client.query("update people set role = 'none'");
        await client.query("do $$ begin update people set role = 'none'; end $$");
        await client.query("select set_config('application_name', 'me', false)");
        await client.query("discard all");
        expect((await client.query("select current_user")).rows).toEqual([{ current_user: "orders_writer" }]);
        await client.end();
        expect(door.entries("denied").filter(({ reason }) => reason.code === "postgres.role").length).toBe(
          refused.length + 1,
        );
      },
      patience,
    );

    testWith(lack)(
      "nor calls the function by its number",
      async () => {
        const token = await door.token("sam-writers", "writers");
        const client = await RawClient.login(door.port, "sam", "shop", token);
        const setConfig = 2078;
        const args = ["role", "none"].map((arg) => Buffer.concat([int32(arg.length), Buffer.from(arg)]));
        const local = Buffer.concat([int32(1), Buffer.from("f")]);
        client.send(message("F", int32(setConfig), int16(0), int16(3), ...args, local, int16(0)));
        const answers = await client.until("Z");
        expect(answers.map(({ type }) => type)).toEqual(["E", "Z"]);
        expect(answers[0]?.body.toString()).toContain("runs as orders_writer");
        client.close();
        await door.madeAreGone();
      },
      patience,
    );

    testWith(lack)(
      "nor chooses one at start-up",
      async () => {
        const password = await door.token("sam-writers", "writers");
        for (const options of ["-c role=none", "-crole=postgres", "--session-authorization=postgres"]) {
          const client = new pg.Client({
            host: "127.0.0.1",
            port: door.port,
            user: "sam",
            password,
            database: "shop",
            options,
          });
          await expect(client.connect()).rejects.toThrow();
        }
        await door.madeAreGone();
      },
      patience,
    );

    testWith(lack)(
      "where a function's body does, what is left is a login that may do nothing",
      async () => {
        const client = await door.client("writers");
        await client.query("select around('select 1')");
        const [{ current_user: login }] = (await client.query("select current_user")).rows;
        expect(login).toBe((await door.made())[0]);
        const own = new Map<string, string>();
        for (const text of [
          "select * from orders",
          "insert into orders values (9, 'x')",
          "create table work.mine (a int)",
          `select around('alter role ${login} valid until ''infinity''')`,
          `select around('alter role ${login} connection limit 9')`,
          `select around('alter role ${login} createrole')`,
          `select around('grant ${login} to bystander')`,
          "select around('grant orders_writer to bystander')",
          "select around('set role orders_reader')",
          "select around('set role postern_admin')",
          "select around('set session authorization postgres')",
        ]) {
          own.set(
            text,
            await client.query(text).then(
              () => "done",
              (error: pg.DatabaseError) => error.code ?? "",
            ),
          );
        }
        expect([...own].filter(([, answer]) => answer !== "42501")).toEqual([]);
        await client.end();
        await door.madeAreGone();
      },
      patience,
    );

    testWith(lack)(
      "a session whose rules map it to another role ends, and says so",
      async () => {
        const client = await door.client("writers");
        const other = await door.client("readers");
        const ended = new Promise<Error>((resolve) => client.on("error", resolve));
        writeFileSync(door.gateway.policy, rolesPolicy(door.server.port, "orders_reader"));
        expect((await ended).message).toContain("the role that it runs as");
        expect((await other.query("select current_user")).rows).toEqual([{ current_user: "orders_reader" }]);
        const again = await door.client("writers");
        expect((await again.query("select current_user")).rows).toEqual([{ current_user: "orders_reader" }]);
        await Promise.all([other.end(), again.end()]);
        await door.madeAreGone();
      },
      patience,
    );

    testWith(lack)(
      "without a role, or with one that is not to be had, no session opens",
      async () => {
        const policies = door.entries("policy").length;
        await expect(door.client("roleless")).rejects.toThrow("No rule says which role");
        writeFileSync(door.gateway.policy, rolesPolicy(door.server.port, "nobody's"));
        await door.until("it is served", async () => door.entries("policy").length > policies);
        await expect(door.client("writers")).rejects.toThrow("There is no role nobody's");
        // Made, and then of no use: its login is refused.
        await door.server.sql("grant connect on database postgres to postern_admin");
        await door.server.sql("revoke connect on database postgres from public");
        await expect(door.client("readers")).rejects.toThrow("did not let the gateway in");
        await door.madeAreGone();
        expect(door.entries("lease").at(-1)?.lease).toBe(door.entries("lease-released").at(-1)?.lease ?? "");
        expect(door.logged()).not.toContain("SCRAM-SHA-256$");
      },
      patience,
    );
  });
}
