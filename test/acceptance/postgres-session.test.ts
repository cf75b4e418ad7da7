import { afterAll, beforeAll, describe, expect } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { needs, testWith } from "../needs.ts";
import { fields, message, query, RawClient } from "../raw.ts";
import { type Door, openDoor } from "./door.ts";

/** What a session does beside asking and being answered, on two workers. */
describe("a session of its own kind", () => {
  let door: Door;
  let token: string;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({ version: 18, workers: 2 });
    token = await door.token("adele", "admins");
  });
  afterAll(() => door?.close());

  const login = () => RawClient.login(door.port, "adele", "shop", token);

  function psql(script: string) {
    return Bun.spawn(
      ["psql", "-XAtq", "-h", "127.0.0.1", "-p", `${door.port}`, "-U", "adele", "-d", "shop"],
      {
        env: { ...process.env, PGPASSWORD: token },
        stdin: Buffer.from(script),
        stdout: "pipe",
        stderr: "inherit",
      },
    );
  }

  testWith(needs.postgres18)("LISTEN: what is notified arrives unasked, in an idle session", async () => {
    const listeners = [await login(), await login()];
    for (const listener of listeners) {
      listener.send(query("listen news"));
      await listener.until("Z");
    }
    const speaker = await login();
    speaker.send(query("select pg_notify('news', 'first'); notify news, 'second'"));
    await speaker.until("Z");
    for (const listener of listeners) {
      const told = [...(await listener.until("A")), ...(await listener.until("A"))];
      expect(told.map(({ body }) => body.subarray(4).toString())).toEqual([
        "news\0first\0",
        "news\0second\0",
      ]);
      listener.send(query("unlisten news"));
      expect((await listener.until("Z")).map(({ type }) => type)).toEqual(["C", "Z"]);
      listener.close();
    }
    speaker.close();
  });

  testWith(needs.postgres18, needs.psql)(
    "large objects by function call (psql \\lo_import, \\lo_export)",
    async () => {
      const bytes = randomBytes(300_000);
      const [from, to] = [join(door.folder, "large"), join(door.folder, "large.out")];
      writeFileSync(from, bytes);
      const imported = psql(`\\lo_import ${from}\n\\echo :LASTOID\n`);
      const oid = /\d+/.exec(await new Response(imported.stdout).text())?.[0];
      expect(await imported.exited).toBe(0);
      expect(await psql(`\\lo_export ${oid} ${to}\n\\lo_unlink ${oid}\n`).exited).toBe(0);
      expect(readFileSync(to).equals(bytes)).toBe(true);
      expect(await door.server.sql("select count(*) from pg_largeobject_metadata")).toEqual([["0"]]);
      const [called] = door
        .entries("operation")
        .filter(({ actions }) => actions.some(({ effect }) => effect === "execute" || effect === "unknown"));
      expect(called).toBeDefined();
    },
  );

  testWith(needs.postgres18, needs.psql)("\\watch asks again and again, until Ctrl-C", async () => {
    const watching = psql("select 'watched ' || count(*) from customers \\watch 0.1\n");
    const reader = watching.stdout.getReader();
    let said = "";
    while (said.split("watched 3").length < 4) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`psql ended: ${said}`);
      said += new TextDecoder().decode(value);
    }
    watching.kill("SIGINT");
    await watching.exited;
    expect(await door.timesRun("'watched '")).toBeGreaterThanOrEqual(3);
  });

  testWith(needs.postgres18)("statement_timeout: 57014, and the session goes on", async () => {
    const client = await login();
    client.send(query("set statement_timeout = 50"));
    await client.until("Z");
    client.send(query("select pg_sleep(60)"));
    const answer = await client.until("Z");
    expect(answer.map(({ type }) => type).join("")).toEndWith("EZ");
    expect(fields(answer.at(-2) as never)).toMatchObject({ S: "ERROR", C: "57014" });
    client.send(query("select 1"));
    expect((await client.until("Z")).map(({ type }) => type).join("")).toBe("TDCZ");
    client.close();
  });

  for (const [setting, code, then] of [
    ["idle_in_transaction_session_timeout", "25P03", "begin"],
    ["idle_session_timeout", "57P05", "select 1"],
    ["transaction_timeout", "25P04", "begin; select pg_sleep(60)"],
  ] as const) {
    testWith(needs.postgres18)(`${setting}: FATAL ${code} reaches the caller`, async () => {
      const client = await login();
      client.send(query(`set ${setting} = 100`));
      await client.until("Z");
      client.send(query(then));
      const error = (await client.until("never")).findLast(({ type }) => type === "E");
      expect(error && fields(error)).toMatchObject({ S: "FATAL", C: code });
      await door.sessionsClosed();
    });
  }

  testWith(needs.postgres18)("Terminate leaves at once, and what ran before it has run", async () => {
    const client = await login();
    client.send(query("insert into orders values (500, 'before leaving')"), message("X"));
    await client.until("never");
    await door.sessionsClosed();
    expect(await door.server.sql("select note from orders where id = 500")).toEqual([["before leaving"]]);
  });

  testWith(needs.postgres18)("a caller that is cut off takes what it runs with it", async () => {
    const client = await login();
    client.send(query("insert into orders select 501, repeat('x', 10) from pg_sleep(600)"));
    await door.until("it runs", async () => (await running()) === 1);
    client.close();
    await door.until("it is stopped", async () => (await running()) === 0);
    expect(await door.server.sql("select note from orders where id = 501")).toEqual([]);
    const { session } = door.entries("operation").find(({ text }) => text.includes("501")) ?? {};
    await door.until("its outcome is told", async () =>
      door
        .entries("outcome")
        .some((entry) => entry.session === session && entry.outcome.result === "unknown"),
    );
  });

  const running = async () => {
    const rows = await door.server.sql(
      "select 1 from pg_stat_activity where query like '%pg_sleep(600)' and pid <> pg_backend_pid()",
    );
    return rows.length;
  };
});
