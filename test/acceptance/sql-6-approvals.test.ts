import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import { join } from "node:path";
import pg from "pg";
import type { HoldView } from "../../core/control/api.ts";
import { asyncpg, psycopg } from "../clients/scripts.ts";
import { needs, testWith } from "../needs.ts";
import { fields, int16, int32, message, query, RawClient, sync, text } from "../raw.ts";
import type { PostgresVersion } from "../servers/postgres.ts";
import { type Door, openDoor } from "./door.ts";

/** Whatever the group `dba` does beyond reading is asked for. */
const rules = `
import { group } from "postern";
import { approve } from "postern/plugins";

const signOff = approve({ by: group("leads"), within: "10m" });

export const shared = {
  name: "dba", who: group("dba"), on: "shop", may: "all",
  under: [signOff.for("write", "delete", "define", "grant", "execute", "unknown")],
};
`;

const tables = `
create table big (id int primary key, n numeric, at timestamptz, u uuid, tags text[], note text);
insert into big select i, i, now(), gen_random_uuid(), '{}', 'x' from generate_series(1, 10000) i;
analyze big;
create table calm (id int);
create function doubled(int) returns int language plpgsql immutable as $$ begin return $1 * 2; end $$;
create table indexed (id int);
create index on indexed (doubled(id));
create function noted() returns trigger language plpgsql as $$ begin return new; end $$;
create table watched (id int, city text);
create trigger note_it after update on watched for each row execute function noted();
create schema other;
create table other.calm (id int);
create table "evil \x1b[2J\u202e" (id int);
`;

for (const version of [15, 18] as const) acceptance(version);

function acceptance(version: PostgresVersion): void {
  const lacks = version === 15 ? needs.postgres15 : needs.postgres18;
  describe(`an approver on PostgreSQL ${version}`, () => {
    let door: Door;
    let lead: string;
    const open: { close(): void }[] = [];
    beforeAll(async () => {
      if (lacks) return;
      door = await openDoor({ version, sharedRules: rules });
      await door.server.sql(tables);
      lead = await door.token("lea", "leads");
    });
    afterEach(async () => {
      for (const each of open.splice(0)) each.close();
      if (lacks) return;
      await door.until("all sessions are closed", async () => {
        const { sessions } = (await (await control("/sessions")).json()) as { sessions: unknown[] };
        return sessions.length === 0;
      });
    });
    afterAll(() => door?.close());

    async function raw(subject = "sam"): Promise<RawClient> {
      const client = await RawClient.login(door.port, subject, "shop", await door.token(subject, "dba"));
      open.push(client);
      return client;
    }

    const control = (path: string, init?: RequestInit) =>
      fetch(`http://postern/v1${path}`, { ...init, unix: join(door.data, "control.sock") });

    /** The operations that wait, as `postern approvals list --json` has them. */
    async function waiting(): Promise<readonly HoldView[]> {
      return ((await (await control("/approvals")).json()) as { approvals: HoldView[] }).approvals;
    }

    /** The first that waits but for these. */
    async function held(...before: readonly HoldView[]): Promise<HoldView> {
      let [hold]: readonly HoldView[] = [];
      await door.until("something is held", async () => {
        hold = (await waiting()).find(({ id }) => before.every((one) => one.id !== id));
        return hold !== undefined;
      });
      return hold as unknown as HoldView;
    }
    const told = (hold: HoldView, label: string) =>
      (hold.findings ?? []).filter((one) => one.label === label).map(({ value }) => value);

    async function settle(hold: HoldView, how: "approve" | "deny" = "approve"): Promise<void> {
      const answered = await control(`/approvals/${hold.id}`, {
        method: "POST",
        headers: { authorization: `Bearer ${lead}`, "content-type": "application/json" },
        body: JSON.stringify({ approve: how === "approve", digest: hold.digest }),
      });
      expect(answered.status).toBe(204);
    }

    async function shownOf(sql: string): Promise<HoldView> {
      const client = await raw();
      client.send(query(sql));
      const hold = await held();
      await settle(hold, "deny");
      await client.until("Z");
      return hold;
    }

    testWith(lacks)("sees the lock that is needed, and who holds one in its way", async () => {
      const [ann, sam] = [await raw("ann"), await raw("sam")];
      ann.send(query("begin; lock table big in share mode"));
      const first = await held();
      expect(told(first, "lock")).toContainEqual(
        "SHARE on public.big: nobody else can write to it meanwhile",
      );
      await settle(first);
      await ann.until("Z");
      sam.send(query("update big set note = 'new' where id between 1 and 1000"));
      const hold = await held();
      expect(told(hold, "relation")).toEqual(["public.big: table, about 10,000 rows in all"]);
      expect(told(hold, "lock")).toEqual(["ROW EXCLUSIVE on public.big"]);
      const session = (
        await door.json<{ id: string; identity: { subject: string } }[]>("sessions", "list")
      ).find(({ identity }) => identity.subject === "ann");
      const [holder] = told(hold, "lock holder");
      expect(holder).toStartWith(
        `public.big: ${session?.id} of ann holds SHARE (idle in transaction, in a transaction since `,
      );
      expect(told(hold, "row estimate")).toEqual([
        "no estimate: planning would wait for a lock that somebody holds",
      ]);
      expect(door.entries("hold").find((entry) => entry.hold === hold.id)?.findings).toEqual(
        hold.findings ?? [],
      );
      expect((await door.postern("approvals", "show", hold.id)).stdout).toMatch(
        /^lock holder +\(!\) public\.big: ses_/m,
      );
      await settle(hold, "deny");
      await sam.until("Z");
      const { approvals } = (await (await control("/approvals?all=1")).json()) as { approvals: HoldView[] };
      expect(approvals.find(({ id }) => id === hold.id)).toMatchObject({
        how: "denied",
        findings: hold.findings,
      });
    });

    testWith(lacks)("sees an estimate that is near the truth", async () => {
      const hold = await shownOf("update big set note = 'new' where id between 1 and 1000");
      expect(told(hold, "row estimate")).toHaveLength(1);
      const [, rows] =
        /^update of about ([\d,]+) rows in big$/.exec(told(hold, "row estimate")[0] ?? "") ?? [];
      expect(Number(rows?.replaceAll(",", ""))).toBeWithin(900, 1101);
    });

    testWith(lacks)("is not taken in by a session that calls itself another's", async () => {
      const [eve, sam] = [await raw("eve"), await raw("sam")];
      eve.send(query("set application_name = 'postern:ses_0 the.boss'"));
      await eve.until("Z");
      eve.send(query("begin; lock table calm in exclusive mode"));
      await settle(await held());
      await eve.until("Z");
      sam.send(query("delete from public.calm"));
      const hold = await held();
      expect(told(hold, "lock holder")[0]).toMatch(
        /^public\.calm: ses_\w+ of eve, which calls itself "postern:ses_0 the\.boss" holds EXCLUSIVE/,
      );
      await settle(hold, "deny");
      await sam.until("Z");
    });

    testWith(lacks)(
      "sees how long a transaction is open, what ran in it, and by what its literals are read",
      async () => {
        const client = await raw();
        for (const sql of ["begin", "select 1", "set datestyle = 'SQL, DMY'"]) {
          client.send(query(sql));
          await client.until("Z");
        }
        client.send(query("insert into calm values (1)"));
        const hold = await held();
        expect(told(hold, "transaction")).toEqual([
          expect.stringMatching(/^open since \S+Z, 2 statements ran in it before$/),
        ]);
        expect(told(hold, "settings").join()).toContain("DateStyle is SQL, DMY");
        await settle(hold, "deny");
        await client.until("Z");
      },
    );

    testWith(lacks)(
      "sees triggers that will fire, the function that is called, and a definition's lock",
      async () => {
        const fired = await shownOf("update watched set city = 'Ulm'");
        expect(told(fired, "trigger")).toEqual([
          "note_it on public.watched, AFTER UPDATE, each row: public.noted() (volatile, plpgsql)",
        ]);
        expect(told(await shownOf("delete from watched"), "trigger")).toEqual([]);
        const altered = await shownOf("alter table watched add column zip text");
        expect(told(altered, "lock")).toEqual([
          "ACCESS EXCLUSIVE on public.watched: nobody else can read or write it meanwhile",
        ]);
        const called = await shownOf("select doubled(id) from calm");
        expect(told(called, "function")).toEqual(["public.doubled(integer): immutable, plpgsql"]);
      },
    );

    testWith(lacks)(
      "gets no estimate where planning could run somebody's function, and none was asked for",
      async () => {
        for (const [sql, why] of [
          ["update calm set id = doubled(21001)", /^no estimate: it is execute on public\.doubled$/],
          [
            "update indexed set id = 21002",
            /^no estimate: planning it would use function (public\.)?doubled\(integer\)$/,
          ],
          ["update other.calm set id = 21003; select 1", /^no estimate: 2 statements/],
          ["truncate calm /* 21004 */", /^no estimate: it is no SELECT/],
          [
            "update pg_catalog.pg_description set description = 'x' where operator(public.+) 21005",
            /^no estimate/,
          ],
        ] as const) {
          expect(told(await shownOf(sql), "row estimate")).toEqual([expect.stringMatching(why)]);
        }
        expect(told(await shownOf("update calm set id = 21006"), "row estimate")).not.toEqual([
          expect.stringContaining("no estimate"),
        ]);
        await door.serverSaw("");
        const explained = door.server.logged().match(/explain \(format json\).*/g) ?? [];
        expect(explained.filter((line) => /2100[1-5]/.test(line))).toEqual([]);
        expect(explained.filter((line) => line.includes("21006"))).not.toEqual([]);
      },
    );

    testWith(lacks)("sees every value of a batch, and what was approved is what ran", async () => {
      const client = await raw();
      const each = (id: number, note: string) =>
        Buffer.concat([bind("", "", [binary4(id), text4(note)]), run()]);
      client.send(
        Buffer.concat([
          parse("", "update big set note = $2 where id = $1", [23, 25]),
          each(1, "batch-one"),
          each(2, "batch-two"),
          each(3, "batch-three"),
          sync,
        ]),
      );
      const hold = await held();
      expect([hold.parameters, hold.types]).toEqual([
        ["1", "batch-one"],
        ["int4", "text"],
      ]);
      expect(hold.rest?.map(({ parameters }) => parameters)).toEqual([
        ["2", "batch-two"],
        ["3", "batch-three"],
      ]);
      const estimates = hold.findings?.filter(({ label }) => label === "row estimate");
      expect(estimates).toEqual(
        [1, 2, 3].map((statement) => ({
          label: "row estimate",
          value: "update of about 1 row in big",
          statement,
        })),
      );
      expect(await door.serverSaw("'batch-one'")).toBe(false);
      await settle(hold);
      await client.until("Z");
      expect(await door.server.sql("select id, note from big where note like 'batch-%' order by id")).toEqual(
        [
          ["1", "batch-one"],
          ["2", "batch-two"],
          ["3", "batch-three"],
        ],
      );
    });

    testWith(lacks)(
      "approves what was shown: what is sent behind it, under the same names, is asked for anew",
      async () => {
        const client = await raw();
        client.send(
          Buffer.concat([
            parse("s", "update big set note = $1 where id = 10", [25]),
            bind("p", "s", [text4("shown")]),
            run("p"),
            sync,
          ]),
        );
        const first = await held();
        expect(first.parameters).toEqual(["shown"]);
        client.send(
          Buffer.concat([
            close("p"),
            bind("p", "s", [text4("swapped")]),
            run("p"),
            sync,
            query("set search_path = other"),
            query("update calm set id = 5"),
          ]),
        );
        await settle(first);
        await door.until("the next is held", async () => (await held()).id !== first.id);
        const second = await held();
        expect(second.parameters).toEqual(["swapped"]);
        expect(await door.server.sql("select note from big where id = 10")).toEqual([["shown"]]);
        await settle(second, "deny");
        await door.until("the third is held", async () => (await held()).id !== second.id);
        const third = await held();
        expect([first.digest, second.digest]).not.toContain(third.digest);
        expect(told(third, "relation").join()).toContain("other.calm: table");
        await settle(third, "deny");
        expect(await door.server.sql("select note from big where id = 10")).toEqual([["shown"]]);
      },
    );

    for (const [what, change, undo] of [
      [
        "a trigger that was not there",
        "create trigger sly before update on calm for each row execute function noted()",
        "drop trigger sly on calm",
      ],
      [
        "a column under another's name",
        "alter table calm rename id to was; alter table calm add id int",
        "alter table calm drop id; alter table calm rename was to id",
      ],
    ] as const) {
      testWith(lacks)(`finds the approval stale where it is now about ${what}`, async () => {
        const client = await raw();
        client.send(query(`update calm set id = 7 /* ${what} */`));
        const hold = await held();
        await door.server.sql(change);
        await settle(hold);
        const answer = await client.until("Z");
        await door.server.sql(undo);
        const error = answer.find(({ type }) => type === "E");
        expect(error && fields(error).M).toContain("defined anew");
        expect(await door.timesRun(`/* ${what} */`)).toBe(0);
      });
    }

    testWith(lacks)("is shown a name that means to clear the screen as what it is", async () => {
      const client = await raw();
      client.send(query('delete from "evil \x1b[2J\u202e"'));
      const hold = await held();
      const { stdout } = await door.postern("approvals", "show", hold.id);
      expect(told(hold, "relation").join()).toContain("\x1b[2J");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
      expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/);
      expect(stdout).toContain("relation        (!) ".slice(0, 8));
      expect(stdout).toContain('public."evil \\x1b[2J\\u202e": table');
      await settle(hold, "deny");
      await client.until("Z");
    });

    const drivers: [string, string | undefined, string][] = [
      [
        "psycopg, binary",
        psycopg.lacks,
        `import os, psycopg, datetime, decimal, uuid
c = psycopg.connect(host="127.0.0.1", port=os.environ["PORT"], user="sam", password=os.environ["TOKEN"], dbname="shop", autocommit=True)
c.execute("update big set n = %b, at = %b, u = %b, tags = %b, note = %b where id = %b",
  (decimal.Decimal("12.50"), datetime.datetime(2024, 2, 29, 12, 30, 0, 250000, datetime.timezone.utc),
   uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"), ["a", "b c", None], "from-psycopg", 77))`,
      ],
      [
        "asyncpg, types by the server",
        asyncpg.lacks,
        `import os, asyncio, asyncpg, datetime, decimal, uuid
async def main():
  c = await asyncpg.connect(host="127.0.0.1", port=os.environ["PORT"], user="sam", password=os.environ["TOKEN"], database="shop", ssl=False)
  await c.execute("update big set n = $1, at = $2, u = $3, tags = $4, note = $5 where id = $6",
    decimal.Decimal("12.50"), datetime.datetime(2024, 2, 29, 12, 30, 0, 250000, datetime.timezone.utc),
    uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"), ["a", "b c", None], "from-asyncpg", 77)
asyncio.run(main())`,
      ],
    ];
    for (const [name, driverLacks, script] of drivers) {
      testWith(lacks, driverLacks)(`reads what ${name}, binds`, async () => {
        const child = Bun.spawn(["/usr/bin/python3", "-c", script], {
          env: { PORT: `${door.port}`, TOKEN: await door.token("sam", "dba") },
          stdout: "inherit",
          stderr: "pipe",
        });
        const hold = await held();
        expect(hold.parameters?.slice(0, 4)).toEqual([
          "12.50",
          "2024-02-29 12:30:00.25+00",
          "00112233-4455-6677-8899-aabbccddeeff",
          '{a,"b c",NULL}',
        ]);
        expect(hold.parameters?.[5]).toBe("77");
        expect(hold.types?.slice(0, 4)).toEqual(["numeric", "timestamptz", "uuid", "text[]"]);
        expect(told(hold, "row estimate")).toEqual(["update of about 1 row in big"]);
        await settle(hold);
        expect([await child.exited, await new Response(child.stderr).text()]).toEqual([0, ""]);
        expect(
          await door.server.sql("select n, at at time zone 'UTC', u, tags, id from big where n = 12.5"),
        ).toEqual([
          ["12.50", "2024-02-29 12:30:00.25", "00112233-4455-6677-8899-aabbccddeeff", '{a,"b c",NULL}', "77"],
        ]);
        await door.server.sql("update big set n = id where id = 77");
      });
    }

    testWith(lacks)(
      "reads what node-postgres binds: text, and a Buffer of no named type as bytes",
      async () => {
        const client = new pg.Client({
          ...{ host: "127.0.0.1", port: door.port, user: "sam", database: "shop" },
          password: await door.token("sam", "dba"),
        });
        await client.connect();
        const ran = client.query("update big set note = encode($1, 'hex') where id = $2", [
          Buffer.from([1, 255]),
          78,
        ]);
        const hold = await held();
        expect([hold.parameters, hold.types]).toEqual([
          ["\\x01ff", "78"],
          ["(binary)", ""],
        ]);
        await settle(hold);
        expect((await ran).rowCount).toBe(1);
        await client.end();
      },
    );
  });
}

function parse(name: string, sql: string, types: readonly number[]): Buffer {
  return message("P", text(name), text(sql), int16(types.length), ...types.map(int32));
}

interface Value {
  readonly bytes: Buffer;
  readonly format: 0 | 1;
}
const binary4 = (value: number): Value => ({ bytes: int32(value), format: 1 });
const text4 = (value: string): Value => ({ bytes: Buffer.from(value), format: 0 });

function bind(portal: string, statement: string, values: readonly Value[]): Buffer {
  return message(
    "B",
    text(portal),
    text(statement),
    int16(values.length),
    ...values.map(({ format }) => int16(format)),
    int16(values.length),
    ...values.flatMap(({ bytes }) => [int32(bytes.length), bytes]),
    int16(0),
  );
}

function run(portal = ""): Buffer {
  return message("E", text(portal), int32(0));
}

function close(portal: string): Buffer {
  return message("C", Buffer.from("P"), text(portal));
}
