import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import pg from "pg";
import { Random, seeds } from "../../../test/fuzz.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../test/servers/postgres.ts";
import type { AskAll } from "../catalogue/cache.ts";
import { Control } from "../control.ts";
import { dialControl } from "../dial.ts";
import { classify, loadParser } from "../sql/index.ts";
import { testPermit } from "../testing/permit.ts";
import { MeaningCache } from "./cache.ts";

setDefaultTimeout(60_000);

const people = [0, 1, 2] as const;
const things = [0, 1, 2, 3] as const;
const execute = "execute public.bump [volatile]";

describe.skipIf(!hasPostgres(15))("the catalogue is followed", () => {
  let server: PostgresServer;
  const controls: Control[] = [];
  const clients: pg.Client[] = [];
  let rows = 0;

  beforeAll(async () => {
    await loadParser();
    server = await startPostgres({ version: 15, settings: { max_prepared_transactions: "5" } });
    await server.sql("create function bump(n int) returns int language plpgsql as 'begin return n; end'");
  }, 60_000);
  afterAll(async () => {
    for (const control of controls) await control.close();
    for (const client of clients) await client.end();
    await server?.close();
  });

  function asking(database = "postgres"): AskAll {
    const config = { host: server.host, port: server.port, user: "postgres", database };
    const control = new Control({ again: true });
    controls.push(control);
    return async (questions) => {
      const answers = await control.group(() => dialControl(testPermit(config, server.password)), questions);
      rows += answers.flat().length;
      return answers;
    };
  }
  async function connected(): Promise<pg.Client> {
    const client = new pg.Client(server.url());
    await client.connect();
    clients.push(client);
    return client;
  }
  async function told(cache: MeaningCache, ask: AskAll, text: string): Promise<string[]> {
    const { actions } = await cache.meaning(classify(text), { ask, temporary: true });
    return actions.map(({ effect, on, within, traits = [] }) => {
      const inside = within === undefined ? "" : ` within ${within}`;
      return `${effect} ${on}${inside}${traits.length === 0 ? "" : ` [${traits.join()}]`}`;
    });
  }

  test("what was defined in a transaction that ran through a reading is there once it commits", async () => {
    const ask = asking();
    const cache = new MeaningCache(true);
    const [first, second, other] = [await connected(), await connected(), await connected()];
    for (const name of ["plain", "nested", "prepared", "undone", "dropped"])
      await server.sql(`create function ${name}(n int) returns int language sql stable as 'select n'`);
    const replacing = (name: string) =>
      `create or replace function ${name}(n int) returns int language sql stable as 'select bump(n)'`;
    await told(cache, ask, "select plain(1)");
    await first.query(`begin; ${replacing("plain")}`);
    await second.query(`begin; savepoint s; ${replacing("nested")}; release s`);
    await other.query(`begin; ${replacing("prepared")}; prepare transaction 'p'`);
    await other.query(`begin; ${replacing("undone")}; drop function dropped`);
    for (const name of ["plain", "nested", "prepared", "undone"]) {
      cache.invalidate();
      expect(await told(cache, ask, `select ${name}(1)`)).toEqual([`execute public.${name}`]);
    }
    await server.sql("create function between_them() returns int language sql as 'select 1'");
    cache.invalidate();
    await told(cache, ask, "select between_them()");
    await first.query("commit");
    await second.query("commit");
    await other.query("rollback");
    await other.query("commit prepared 'p'");
    cache.invalidate();
    for (const name of ["plain", "nested", "prepared"])
      expect(await told(cache, ask, `select ${name}(1)`)).toEqual([`execute public.${name} [volatile]`]);
    expect(await told(cache, ask, "select undone(1)")).toEqual(["execute public.undone"]);
  });

  test("what was dropped is nothing any more", async () => {
    const ask = asking();
    const cache = new MeaningCache(true);
    await server.sql("create function gone(n int) returns int language sql as 'select 1'");
    expect(await told(cache, ask, "select gone(1)")).toEqual(["execute public.gone [volatile]"]);
    await server.sql("drop function gone; create function came() returns int language sql as 'select 1'");
    cache.invalidate();
    expect(await told(cache, ask, "select gone(1), came()")).toEqual([
      "execute public.gone",
      "execute public.came [volatile]",
    ]);
  });

  test("what is called otherwise, or moved, is what it was", async () => {
    const ask = asking();
    const cache = new MeaningCache(true);
    await server.sql(`create function early(n int) returns int language sql stable begin atomic select bump(n); end;
      create schema away; create domain limited as int check (early(value) > 0)`);
    expect(await told(cache, ask, "select early(1)")).toEqual(["execute public.early [volatile]"]);
    await server.sql("alter function bump rename to jump; alter function jump set schema away");
    await server.sql("alter schema away rename to far");
    cache.invalidate();
    expect(await told(cache, ask, "select early(1)")).toEqual(["execute public.early [volatile]"]);
    expect(await told(cache, ask, "select far.jump(1)")).toEqual(["execute far.jump [volatile]"]);
    expect(await told(cache, ask, "select 5::limited")).toContain("execute public.early [volatile]");
    await server.sql("alter function far.jump set schema public; alter function jump rename to bump");
    cache.invalidate();
    expect(await told(cache, ask, "select bump(1)")).toEqual([execute]);
  });

  test("a body that is kept by number, or a default, names things as they are called now", async () => {
    const ask = asking();
    const cache = new MeaningCache(true);
    await server.sql(`create view called as select 1 as n; create domain plain_int as int;
      create function by_number() returns int language sql stable begin atomic select n from called; end;
      create function by_default(n int default 1::plain_int) returns int language sql stable as 'select $1';
      create view by_default_view as select by_default() as n, by_number() as m`);
    const of = (name: string) => told(cache, ask, `select ${name}()`);
    expect(await of("by_number")).toEqual(["execute public.by_number"]);
    expect(await of("by_default")).toEqual(["execute public.by_default"]);
    await server.sql(`alter view called rename to renamed; create or replace view renamed as select bump(1) as n;
      alter domain plain_int rename to odd_int; alter domain odd_int add check (bump(value) > 0)`);
    cache.invalidate();
    expect(await of("by_number")).toEqual(["execute public.by_number [volatile]"]);
    expect(await of("by_default")).toEqual(["execute public.by_default [volatile]"]);
  });

  test("who has defined something in an open transaction runs functions that nobody here can read", async () => {
    const ask = asking();
    const cache = new MeaningCache(true);
    await server.sql(`create function calm(n int) returns int language sql stable as 'select n';
      create view over_calm as select calm(1) as n`);
    const means = async (redefined: boolean) =>
      (await cache.meaning(classify("select n from over_calm"), { ask, redefined })).actions;
    const calm = { effect: "execute", on: "public.calm", traits: ["volatile"] };
    for (const redefined of [false, true, false, true]) {
      const actions = await means(redefined);
      if (redefined) expect(actions).toContainEqual(expect.objectContaining(calm));
      else expect(actions.every(({ effect }) => effect === "read")).toBe(true);
    }
  });

  test("nobody knows what a body in another language runs", async () => {
    const ask = asking();
    const cache = new MeaningCache(true);
    await server.sql(`create trusted language other handler plpgsql_call_handler;
      create function by_other() returns int language other stable as 'begin return 1; end'`);
    expect(await told(cache, ask, "select by_other()")).toEqual(["execute public.by_other [volatile]"]);
    await server.sql("alter language other rename to plother; alter language plpgsql rename to other");
    cache.invalidate();
    expect(await told(cache, ask, "select by_other()")).toEqual(["execute public.by_other [volatile]"]);
    await server.sql("alter language other rename to plpgsql");
  });

  test("rows that were frozen, or written anew by VACUUM FULL, are the same, and new ones are seen", async () => {
    const ask = asking();
    const cache = new MeaningCache(true);
    await told(cache, ask, "select bump(1)");
    await server.sql("vacuum freeze pg_catalog.pg_proc");
    await server.sql("vacuum full pg_catalog.pg_proc");
    await server.sql("create function thawed(n int) returns int language sql stable as 'select bump(n)'");
    cache.invalidate();
    expect(await told(cache, ask, "select thawed(1), bump(1)")).toEqual([
      "execute public.thawed [volatile]",
      execute,
    ]);
  });

  test("another database under the same name is read anew", async () => {
    await server.sql("create database elsewhere");
    await server.sql(
      "create function bump(n int) returns int language sql immutable as 'select n'",
      "elsewhere",
    );
    const [here, there] = [asking(), asking("elsewhere")];
    const cache = new MeaningCache(true);
    expect(await told(cache, here, "select bump(1)")).toEqual([execute]);
    cache.invalidate();
    expect(await told(cache, there, "select bump(1)")).toEqual(["execute public.bump"]);
  });

  test("texts of one shape mean the same, also once the shape means something else", async () => {
    const [ask, cache] = [asking(), new MeaningCache(true)];
    const defined = async (text: string) => await server.sql(text).then(() => cache.invalidate());
    const mean = (id: number) => told(cache, ask, `select n from shaped where n = ${id}`);
    const read = "read public.shaped";
    await defined("create table shaped (n int)");
    for (const id of [1, 2, 1]) expect(await mean(id)).toEqual([read]);
    await defined("drop table shaped; create view shaped as select bump(1) as n");
    for (const id of [1, 3, 1]) expect(await mean(id)).toEqual([read, "execute public.bump [volatile]"]);
    await defined("drop view shaped; create table shaped (n int)");
    for (const id of [3, 1, 4]) expect(await mean(id)).toEqual([read]);
  });

  test("while it cannot be followed nothing counts, and then all of it again", async () => {
    const ask = asking();
    const cache = new MeaningCache(true);
    await told(cache, ask, "select bump(1)");
    cache.invalidate();
    const garbled: AskAll = async (questions) =>
      (await ask(questions)).map((each) => each.map(() => ["count", "function", "x"]));
    const broken: AskAll = async (questions) => [
      ...(await garbled(questions)),
      [["function", "1", "1", "{"]],
    ];
    await told(cache, broken, "select bump(1)");
    expect(await told(cache, ask, "select bump(1)")).toEqual([execute]);
  });

  test("a definition costs what it changes, not what is there", async () => {
    const ask = asking();
    const cache = new MeaningCache(true);
    await server.sql(`do $$ begin for i in 1..200 loop
      execute format('create function many_%s(n int) returns int language sql stable as ''select %s''', i, i);
      execute format('create table wide_%s (n int)', i);
    end loop; end $$`);
    await told(cache, ask, "select many_1(1) from wide_1");
    rows = 0;
    await server.sql("create function one_more(n int) returns int language sql stable as 'select bump(n)'");
    cache.invalidate();
    expect(await told(cache, ask, "select one_more(1)")).toEqual(["execute public.one_more [volatile]"]);
    expect(rows).toBeLessThan(60);
  });

  /** Names all that anybody may have defined. */
  const probe = people
    .flatMap((person) => [
      `select 1 ^^${person} 1`,
      ...things.map((one) => `select f${person}_${one}(1), 5::d${person}_${one} from v${person}_${one}`),
    ])
    .join("; ");

  /** What somebody may define, in names of their own. */
  function definition(random: Random, person: number): string {
    const name = (kind: string) => `${kind}${person}_${random.of(things)}`;
    const kept = random.of(["volatile", "stable", "immutable"]);
    const calls = random.of(["bump(n)", `${name("f")}(n)`, `${name("f")}(n)`, `n ^^${person} 1`, "n + 1"]);
    return random.of([
      `create or replace function ${name("f")}(n int) returns int language sql ${kept} as 'select ${calls}'`,
      `create or replace function ${name("f")}(n int) returns int language plpgsql ${kept} as 'begin return ${calls}; end'`,
      `drop function if exists ${name("f")}(int) cascade`,
      `alter function ${name("f")}(int) rename to ${`f${person}_${random.of(things)}`}`,
      `alter function ${name("f")}(int) ${kept}`,
      `create or replace view ${name("v")} as select ${name("f")}(1) as n`,
      `create or replace view ${name("v")} as select n from ${name("v")}`,
      `drop view if exists ${name("v")} cascade`,
      `create domain ${name("d")} as int check (${name("f")}(value) > 0)`,
      `drop domain if exists ${name("d")} cascade`,
      `create table ${name("v")} (n int, d ${name("d")} default ${name("f")}(1))`,
      `drop table if exists ${name("v")} cascade`,
      `create operator ^^${person} (leftarg = int, rightarg = int, procedure = g${person})`,
      `drop operator if exists ^^${person} (int, int) cascade`,
      `create or replace function g${person}(a int, b int) returns int language sql ${kept} as 'select a'`,
    ]);
  }

  test("whatever is defined, in whatever transactions: what is followed is what is read anew", async () => {
    const sessions = [await connected(), await connected(), await connected()] as const;
    for (const session of sessions) await session.query("set check_function_bodies = off");
    const ask = asking();
    for (const seed of seeds(process.env.POSTERN_LONG === "1" ? 60 : 2)) {
      const random = new Random(seed);
      const cache = new MeaningCache(true);
      for (let step = 0; step < 40; step += 1) {
        const person = random.of(people);
        const session = sessions[person];
        const text: string = random.of([
          "select 1",
          ...["begin", "savepoint s", "rollback to s", "release s", "commit", "commit", "rollback"],
          ...Array.from({ length: 10 }, () => definition(random, person)),
        ]);
        // In a transaction that has failed all fails until it ends.
        await session.query(text).catch(() => {});
        cache.invalidate();
        if (step % 2 === 1) continue;
        const fresh = new MeaningCache(true);
        expect([seed, step, text, await told(cache, ask, probe)]).toEqual([
          seed,
          step,
          text,
          await told(fresh, ask, probe),
        ]);
      }
      for (const session of sessions) await session.query("rollback");
    }
  }, 600_000);
});
