import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import postgresJs from "postgres";
import { noPostgres, postgresFixture } from "./testing/fixture.ts";

const bin = "/usr/lib/postgresql/15/bin";

/** Clients as people have them, through the relay to a real server. */
describe.skipIf(noPostgres || !existsSync(`${bin}/psql`))("clients", () => {
  const fixture = postgresFixture();

  async function run(program: string, args: readonly string[], input = ""): Promise<string> {
    const child = spawn(
      `${bin}/${program}`,
      ["-h", "127.0.0.1", "-p", `${fixture.door.port}`, "-U", "alice", ...args],
      {
        env: { ...process.env, PGPASSWORD: "good", PGSSLMODE: "disable" },
      },
    );
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.stdin.end(input);
    await new Promise((resolve) => child.on("close", resolve));
    return output;
  }

  const psql = (input: string) => run("psql", ["-XAtq", "-d", "orders", "-v", "VERBOSITY=verbose"], input);

  test("psql: rows, denial, cursors, COPY both ways, descriptions, binds", async () => {
    fixture.freshGate();
    const output = await psql(`
      select id from people where id = 1;
      select n from secret;
      begin; declare c cursor for select id from people order by id; fetch 2 from c; commit;
      \\copy plain from stdin
41
42
\\.
      \\copy (select n from plain order by n) to stdout
      select id, email from people \\gdesc
      \\set FETCH_COUNT 2
      select id from people order by id;
    `);
    expect(output).toContain("ERROR:  42501: No rule allows it.");
    expect(
      output
        .replaceAll(/^.*(ERROR|DETAIL|LOCATION).*\n/gm, "")
        .split("\n")
        .filter(Boolean),
    ).toEqual(["1", "1", "2", "41", "42", "id|integer", "email|text", "1", "2", "3", "4", "5"]);
  });

  test("psql shows the notice of a hold, and waits", async () => {
    const gate = fixture.freshGate();
    gate.onHold = (hold) => hold.approve();
    expect(await psql("insert into held values (1) returning n;")).toContain(
      "NOTICE:  00000: waits for bob\n",
    );
    expect(await fixture.server.sql("select n from held")).toEqual([["1"]]);
  });

  for (const mode of ["simple", "extended", "prepared"]) {
    test(`pgbench ${mode}: no error, every transaction before the gate`, async () => {
      const gate = fixture.freshGate();
      gate.word = () => "allow";
      await run("pgbench", ["-i", "-q", "-s", "1", "orders"]);
      const began = gate.began.length;
      const output = await run("pgbench", ["-n", "-M", mode, "-c", "4", "-t", "25", "orders"]);
      expect(output).toContain("number of transactions actually processed: 100/100");
      expect(output).toContain("number of failed transactions: 0");
      expect(
        gate.began.slice(began).filter(({ text }) => text.startsWith("UPDATE pgbench_accounts")),
      ).toHaveLength(100);
      expect(gate.began.every(({ outcome }) => outcome?.result === "ok")).toBe(true);
    }, 30_000);
  }

  test("postgres.js: prepared statements, cursors, transactions, pipelines, denial in between", async () => {
    fixture.freshGate();
    const sql = postgresJs({
      ...{
        host: "127.0.0.1",
        port: fixture.door.port,
        user: "alice",
        password: "good",
        database: "orders",
        max: 1,
      },
      onnotice: () => {},
    });
    const [one, denied, two] = await Promise.all([
      sql`select id from people where id = ${1}`,
      sql`select n from secret`.catch((error: { code: string }) => error.code),
      sql`select id from people where id = ${2}`,
    ]);
    expect([one?.[0], denied, two?.[0]]).toEqual([{ id: 1 }, "42501", { id: 2 }]);
    const ids: number[] = [];
    for await (const rows of sql`select id from people order by id`.cursor(2))
      ids.push(...rows.map(({ id }) => id));
    expect(ids).toEqual([1, 2, 3, 4, 5]);
    await expect(
      sql.begin(async (work) => {
        await work`insert into plain values (1)`;
        await work`insert into secret values (1)`;
      }),
    ).rejects.toMatchObject({ code: "42501" });
    expect(await fixture.server.sql("select n from plain")).toEqual([]);
    await sql.end();
  });

  test("node-postgres: what it asked for before a reload is decided again", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.pg();
    const named = { name: "q", text: "select id from people where id = $1", values: [3] };
    expect((await client.query(named)).rows).toEqual([{ id: 3 }]);
    gate.version = "2";
    gate.word = () => ({ deny: { code: "policy.denied", message: "Not any more." } });
    expect(await client.query(named).catch((error: Error) => error.message)).toBe("Not any more.");
  });
});
