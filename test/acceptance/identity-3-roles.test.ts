import { afterAll, beforeAll, describe, expect } from "bun:test";
import type pg from "pg";
import { Canaries } from "../canary.ts";
import { needs, testWith } from "../needs.ts";
import { seededRandom } from "../seed.ts";
import { adminPassword, foreign, openRolesDoor, type RolesDoor, rolesAt } from "./roles-door.ts";

const long = Boolean(process.env.POSTERN_LONG);
/** Sessions, in rounds that each end with a SIGKILL. */
const patience = long ? 900_000 : 60_000;
const [rounds, each] = long ? [25, 40] : [4, 15];

const tables = `
  select n.nspname || '.' || c.relname, c.relowner::regrole::text
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('work', 'anybody') order by 1`;

for (const version of [15, 18] as const) {
  describe(`must hold 3: roles of sessions, PostgreSQL ${version}`, () => {
    const lack = version === 15 ? needs.postgres15 : needs.postgres18;
    let door: RolesDoor;
    let before: string[];
    beforeAll(async () => {
      if (lack) return;
      door = await openRolesDoor({ version, tapServer: true });
      before = await rolesAt(door.server);
    }, patience);
    afterAll(async () => door?.close());

    testWith(lack)(
      "after SIGKILLs at random none of ours is left, and no other was touched",
      async () => {
        const random = seededRandom(`roles ${version} ${process.env.POSTERN_SEED ?? 1}`);
        // One has done its work for certain, and is there when the first kill comes.
        const made = ["work.first"];
        const first = await door.client("writers");
        await first.query("create table work.first (a int)");
        for (let round = 0; round < rounds; round++) {
          const enough = Math.floor(random() * each);
          const reached = Promise.withResolvers<void>();
          let opened = 0;
          const sessions = Array.from({ length: each }, async (_, at) => {
            const work = works[Math.floor(random() * works.length)] ?? works[0];
            try {
              const client = await door.client("writers");
              opened += 1;
              const table = await work?.(client, `${round}_${at}`);
              if (table) made.push(table);
            } catch {
              // It was on its way when the gateway was killed.
            }
            if (opened >= enough) reached.resolve();
          });
          await reached.promise;
          await door.kill();
          await Promise.all(sessions);
          await door.start();
        }
        await door.madeAreGone();

        expect(await rolesAt(door.server)).toEqual(before);
        expect(before).toEqual(expect.arrayContaining(foreign));
        const owners = await door.server.sql(tables);
        expect(owners.map(([name]) => name)).toEqual(expect.arrayContaining(made));
        expect([...new Set(owners.map(([, owner]) => owner))]).toEqual(["orders_writer"]);
        expect(door.entries("lease-released").some(({ how }) => how === "swept")).toBe(true);
      },
      patience,
    );

    testWith(lack, needs.proc)("a worker that dies leaves none either", async () => {
      const client = await door.client("writers");
      await client.query("create table work.of_a_dead_worker (a int)");
      const worker = door.gateway.processes().find((pid) => Number(pid) !== door.gateway.pid);
      process.kill(Number(worker), "SIGKILL");
      await door.madeAreGone();
      await door.until("another serves", async () => door.logged().includes("the new worker serves"));
      const next = await door.client("writers");
      expect(await door.made()).toHaveLength(1);
      await next.end();
      await door.madeAreGone();
    });

    testWith(lack)(
      "an ordinary end removes the role, and a stop of the gateway waits for it",
      async () => {
        const clients = await Promise.all(Array.from({ length: 8 }, () => door.client("readers")));
        expect(await door.made()).toHaveLength(8);
        await clients[0]?.end();
        await door.until("its role is gone", async () => (await door.made()).length === 7);
        process.kill(door.gateway.pid ?? 0, "SIGTERM");
        await Promise.all(clients.map((client) => client.end()));
        await door.until("the gateway has stopped", async () => door.gateway.processes().length === 0);
        expect(await door.made()).toEqual([]);
        await door.start();
      },
      patience,
    );

    testWith(lack)(
      "no log, file or command line has a password, and the server's log names the person",
      async () => {
        const client = await door.client("readers");
        const { rows } = await client.query("select session_user::text as login, current_user::text as role");
        expect(rows).toEqual([
          { login: expect.stringMatching(/^postern_[0-9a-f]{30}$/), role: "orders_reader" },
        ]);
        const [[comment, application] = []] = await door.server.sql(
          `select shobj_description(usesysid, 'pg_authid'), application_name from pg_stat_activity where usename = '${rows[0].login}'`,
        );
        expect(comment).toMatch(
          /^postern lease_\w+: sam-readers via postern ses_\w+ \(postern:local\), gateway gw_\w+$/,
        );
        expect(application).toMatch(/^postern:ses_\w+ sam-readers$/);
        await client.end();
        await door.madeAreGone();

        const logged = door.server.logged();
        const passwords = [...logged.matchAll(/password '([^']*)'/g)].map(([, secret]) => secret);
        const ours = passwords.filter((secret) => secret !== adminPassword);
        expect(ours.length).toBeGreaterThan(5);
        expect(
          ours.filter(
            (secret) => !/^SCRAM-SHA-256\$4096:[\w+/=]{24}\$[\w+/=]{44}:[\w+/=]{44}$/.test(secret ?? ""),
          ),
        ).toEqual([]);
        const canaries = new Canaries(adminPassword);
        expect([
          ...canaries.inBytes("to the server", door.serverWire?.sent() ?? Buffer.alloc(0)),
          ...canaries.inBytes("gateway's log", Buffer.from(door.logged())),
          ...canaries.inFiles(door.data),
          ...canaries.inCommandLines(),
        ]).toEqual([]);
      },
    );
  });
}

/** What sessions are about when the gateway is killed; the name of a table that must be there afterwards. */
const works: readonly ((client: pg.Client, id: string) => Promise<string | undefined>)[] = [
  async () => undefined,
  async (client, id) => {
    await client.query(`create table work.t${id} (a int)`);
    return `work.t${id}`;
  },
  async (client, id) => {
    await client.query("begin");
    await client.query(`create table work.never${id} (a int)`);
    return undefined;
  },
  // Around the gateway: a function's body leaves the role, and the login itself comes to own something.
  async (client, id) => {
    await client.query(`select around('create table anybody.t${id} (a int)')`);
    return `anybody.t${id}`;
  },
  async (client) => {
    await client.query("select pg_sleep(600)");
    return undefined;
  },
];
