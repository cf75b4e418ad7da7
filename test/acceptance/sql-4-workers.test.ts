import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import pg from "pg";
import { hasPostgres } from "../servers/postgres.ts";
import { entriesIn } from "../trail.ts";
import { type Door, openDoor } from "./door.ts";

const definitions = `
  create function poke() returns int language sql volatile as 'select 1';
  create view shown as select 1 as n;
  create function redefine() returns void language plpgsql volatile
    as 'begin create or replace view shown as select poke() as n; end';
`;

describe.skipIf(!hasPostgres(18))("must hold 4: what one session defines counts for all others", () => {
  let door: Door;
  let admin: pg.Client;
  /** Of every worker, and of two resources that are the same server. */
  const readers: pg.Client[] = [];

  beforeAll(async () => {
    door = await openDoor({ version: 18, workers: 2, again: true });
    await door.server.sql(definitions);
    admin = await connect("admins", "shop");
    const bench = await door.token("ben", "bench");
    for (const resource of ["shop", "again"]) {
      const before = opened().length;
      for (let more = 1; more <= 16 && new Set(opened().slice(before)).size < 2; more += 1) {
        readers.push(await connect("bench", resource, bench));
        await door.until("it stands in the trail", async () => opened().length === before + more);
      }
    }
  }, 60_000);
  afterAll(async () => {
    for (const client of [admin, ...readers]) await client?.end().catch(() => {});
    await door?.close();
  });

  /** The worker of each session, by its stream. */
  const opened = () => entriesIn(door.data).flatMap(({ kind, stream }) => (kind === "open" ? [stream] : []));

  async function connect(group: string, database: string, token?: string): Promise<pg.Client> {
    const client = new pg.Client({
      ...{ host: "127.0.0.1", port: door.port, user: group, database },
      password: token ?? (await door.token(group, group)),
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  const answer = (client: pg.Client) =>
    client.query("select n from shown").then(
      ({ rows }) => rows.length,
      (error: Error) => error.message,
    );
  const all = (expected: (answer: number | string) => boolean) =>
    door.until("all sessions see the definition", async () =>
      (await Promise.all(readers.map(answer))).every(expected),
    );

  for (const [how, statement] of [
    ["in its own words", "create or replace view shown as select poke() as n"],
    ["in a function", "select redefine()"],
  ] as const) {
    test(`a view that calls a volatile function from now on, defined ${how}`, async () => {
      await admin.query("create or replace view shown as select 1 as n");
      await all((rows) => rows === 1);
      await admin.query(statement);
      await all((refusal) =>
        String(refusal).startsWith("execute on public.poke (through the view public.shown)"),
      );
      expect(new Set(opened()).size).toBe(2);
    });
  }
});
