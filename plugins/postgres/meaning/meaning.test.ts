import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import pg from "pg";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../test/servers/postgres.ts";
import type { AskAll } from "../catalogue/cache.ts";
import { Control } from "../control.ts";
import { dialControl } from "../dial.ts";
import { classify, loadParser } from "../sql/index.ts";
import { defaultSettings, nextSettings } from "../sql/settings.ts";
import { testPermit } from "../testing/permit.ts";
import { MeaningCache } from "./cache.ts";
import { attackSchema, ordinary, readingAttacks } from "./testing/attacks.ts";

const changedPath = nextSettings(defaultSettings, { ...defaultSettings, names: "changed" });

describe.each([15, 18] as const)("PostgreSQL %d", (version) => {
  describe.skipIf(!hasPostgres(version))("what the catalogue adds", () => {
    let server: PostgresServer;
    let control: Control;
    let ask: AskAll;
    let cache: MeaningCache;
    let questions = 0;

    beforeAll(async () => {
      await loadParser();
      server = await startPostgres({ version });
      await server.sql(attackSchema);
      if (version === 15)
        await server.sql("create extension citext; create extension pg_trgm; create extension tablefunc");
      const config = { host: server.host, port: server.port, user: "postgres", database: "postgres" };
      control = new Control();
      ask = (group) => {
        questions += 1;
        return control.group(() => dialControl(testPermit(config, server.password)), group);
      };
      cache = new MeaningCache(true);
    }, 60_000);

    afterAll(async () => {
      await control?.close();
      await server?.close();
    });

    const meaning = async (text: string, settings = defaultSettings, temporary = false) => {
      const read = classify(text, settings);
      return await cache.meaning(read, { ask, temporary });
    };
    const actions = async (text: string, settings = defaultSettings, temporary = false) =>
      (await meaning(text, settings, temporary)).actions.map(
        ({ effect, on, within, traits }) =>
          `${effect} ${on}${within === undefined ? "" : ` within ${within}`}${traits ? ` [${traits}]` : ""}`,
      );

    /** What the server itself says ran. */
    const ran = async (text: string) => {
      const client = new pg.Client(server.url());
      const notices = new Set<string>();
      client.on("notice", ({ message }) => notices.add(message ?? ""));
      await client.connect();
      await client.query("begin");
      await client.query(text).finally(() => client.end());
      return [...notices];
    };

    test.each(readingAttacks)("$text runs $runs", async ({ text, runs }) => {
      if (!text.startsWith("copy")) expect(await ran(text)).toContain(`ran ${runs}`);
      expect(classify(text).actions.every(({ effect }) => effect === "read")).toBe(true);
      const all = (await meaning(text)).actions;
      expect(all.some(({ effect, on }) => effect === "execute" && on.startsWith("public."))).toBe(true);
    });

    if (version === 15)
      test("a function of tablefunc runs a text, whatever it is called", async () => {
        await server.sql(`alter function crosstab(text) rename to crossing; create view crossed as
          select * from crossing('select bump(1)::text, ''a''::text, ''b''::text') as t (a text, b text)`);
        cache.invalidate();
        expect(await actions("select * from crossed")).toContain("execute public.crossing [volatile]");
      });

    test.each(ordinary)("%s only reads", async (text) => {
      if (version === 18 && /citext|%|<->/.test(text)) return;
      const all = await meaning(text);
      expect(all.actions.filter(({ effect }) => effect !== "read")).toEqual([]);
    });

    test.each([
      ["insert into ruled values (1)", "execute public.bump [volatile]"],
      ["insert into removing values (1)", "delete public.orders within public.removing"],
      ["insert into defaulted (id) values (1)", "execute public.valued [volatile]"],
      ["insert into generated (note) values ('x')", "write public.generated_id_seq within public.generated"],
      ["insert into keeps_small values (1)", "execute public.checked [volatile]"],
      ["insert into keeps_default (id) values (1)", "execute public.valued [volatile]"],
      ["update secured set n = 1", "execute public.allowed [volatile]"],
      ["delete from parent", "delete public.grandchild within public.parent"],
      ["delete from parent where id = 1", "write public.loose within public.parent"],
      ["truncate parent cascade", "delete public.grandchild within public.parent"],
      ["update child set id = 2", "write public.grandchild within public.child"],
      ["update calm_view set note = 'x'", "write public.orders within public.calm_view"],
      ["select * from calm_view", "read public.orders within public.calm_view"],
      ["select * from over_view", "read public.bumped within public.over_view"],
      ["select * from over_view", "read public.orders within public.over_view"],
      ["select * from secured", "execute public.allowed [volatile]"],
      ["select * from seen_sequence", "write public.ran"],
      ["select * from by_sequence", "execute public.reads_sequence [volatile]"],
      ["select * from by_policy", "execute public.reads_secured [volatile]"],
      ["select * from asked", "read public.orders within public.asked"],
      ["insert into asked values (1)", "read public.orders within public.asked"],
      ["insert into checked_view values (1)", "read public.orders within public.checked_view"],
      ["insert into checked_view values (1)", "write public.asked within public.checked_view"],
      ["select * from over_checked for update", "write public.asked within public.over_checked [lock]"],
      ["lock table over_checked", "write public.checked_view within public.over_checked [lock]"],
      ["select stable_of_liar(1)", "execute public.stable_of_liar [volatile]"],
      ["select calm(1)", "execute public.calm"],
      ["select total_of(id) from orders", "execute public.total_of [volatile]"],
      ["prepare p as select * from bumped", "execute public.bump [volatile]"],
      ["declare c cursor for select * from bumped", "execute public.bump [volatile]"],
    ])("%s: %s", async (text, action) => {
      expect(await actions(text)).toContain(action);
    });

    test("an UPDATE takes no default that it does not name", async () => {
      const sequence = "write public.generated_id_seq within public.generated";
      expect(await actions("update generated set note = 'x'")).not.toContain(sequence);
      expect(await actions("update generated set id = default")).toContain(sequence);
      expect(await actions("update generated set (id, note) = (default, 'x')")).toContain(sequence);
    });

    test("what EXPLAIN only plans is read, and what runs behind it in the same text is not", async () => {
      const all = await actions("explain delete from parent");
      expect(all.filter((action) => !action.startsWith("read"))).toEqual([]);
      expect(await actions("explain delete from parent; delete from parent")).toContain(
        "delete public.grandchild within public.parent",
      );
    });

    test("who writes through a view reads nothing of what is written", async () => {
      const all = await actions("insert into calm_view (note) values ('x')");
      expect(all.filter((action) => action.startsWith("read"))).toEqual([]);
    });

    test("what a PREPARE or a cursor runs later has it too", async () => {
      const { detail } = await meaning("prepare p as select n from bumped");
      expect(detail.uses[0]?.actions).toContainEqual({
        effect: "execute",
        on: "public.bump",
        traits: ["volatile"],
        through: "the view public.bumped",
      });
    });

    test("a statement of which there is nothing to know asks nobody", async () => {
      const before = questions;
      const own = new MeaningCache(true);
      for (const text of ["select 1", "begin", "set work_mem = '1MB'", "", "show all", "selec"]) {
        const read = classify(text);
        expect(own.meaning(read, { ask, temporary: false })).toBe(read);
      }
      expect(questions).toBe(before);
    });

    test("the same object where nothing is added, the same other one where something is", async () => {
      expect(await meaning("select * from orders")).toBe(classify("select * from orders"));
      const before = questions;
      expect(await meaning("select * from over_view")).toBe(await meaning("select * from over_view"));
      expect(questions).toBe(before);
    });

    test("what was defined counts once it is told, and prepared texts with it", async () => {
      await server.sql("create view turning as select id from orders");
      expect(await actions("select * from turning")).not.toContain("execute public.bump [volatile]");
      await server.sql("create or replace view turning as select bump(id) as id from orders");
      cache.invalidate();
      expect(await actions("select * from turning")).toContain("execute public.bump [volatile]");
      await server.sql(
        "create or replace function calm(n int) returns int language sql stable as 'select bump(n)'",
      );
      cache.invalidate();
      expect(await actions("select n from calm_view")).toContain("execute public.calm [volatile]");
      await server.sql(
        "create or replace function calm(n int) returns int language sql stable as 'select $1 + 1'",
      );
      cache.invalidate();
      expect(await actions("select n from calm_view")).not.toContain("execute public.calm [volatile]");
    });

    test("views that read each other in a ring, and more of them than anybody writes", async () => {
      await server.sql(`create view deep0 as select bump(1) as n;
        ${Array.from({ length: 80 }, (_, at) => `create view deep${at + 1} as select n from deep${at};`).join("\n")}`);
      expect(await actions("select * from deep20")).toContain("execute public.bump [volatile]");
      expect(await actions("select * from deep80")).toContain("unknown *");
      await server.sql("create view ring as select 1 as n; create view round as select n from ring");
      await server.sql("create or replace view ring as select n from round");
      expect(await actions("select * from ring")).toContain("read public.round within public.ring");
    });

    test("a name without a schema is found where the login finds it", async () => {
      await server.sql("create schema app; create table app.stock (n int); create table app.orders (n int)");
      await server.sql("alter role postgres set search_path = app, public");
      cache.invalidate();
      expect(await actions("select * from stock, orders")).toEqual(["read app.stock", "read app.orders"]);
      expect(await actions("select * from public.orders")).toEqual(["read public.orders"]);
      expect(await actions("insert into stock values (calm(1))")).toEqual([
        "write app.stock",
        "execute public.calm",
      ]);
      await server.sql("alter role postgres reset search_path");
      cache.invalidate();
      expect(await actions("select * from orders")).toEqual(["read public.orders"]);
      await server.sql("drop schema app cascade");
    });

    test("after a change of search_path a name may be that of any schema's view", async () => {
      await server.sql("create schema far; create view far.hidden as select public.bump(1) as n");
      expect(await actions("select * from hidden", changedPath)).toContain("execute public.bump [volatile]");
      expect(await actions("select * from hidden")).toEqual(["read public.hidden"]);
    });

    test("a temporary view hides a table, for a session that may have made one", async () => {
      const client = new pg.Client(server.url());
      await client.connect();
      await client.query("create temp view orders as select bump(1) as n");
      cache.invalidate();
      expect(await actions("select * from orders")).toEqual(["read public.orders"]);
      expect(await actions("select * from orders", defaultSettings, true)).toContain(
        "execute public.bump [volatile]",
      );
      expect(await actions("select * from pg_temp.orders")).toContain("execute public.bump [volatile]");
      await client.query("create function pg_temp.hide(n int) returns int language sql as 'select 1'");
      cache.invalidate();
      expect((await actions("select pg_temp.hide(1)")).join()).toMatch(/execute pg_temp/);
      await client.end();
    });

    test("a parameter of a domain's type is checked when it arrives", async () => {
      const [[oid]] = (await server.sql("select 'small'::regtype::oid")) as [[string]];
      const read = classify("select $1");
      const typed = { ...read, detail: { ...read.detail, parameterTypes: [Number(oid)] } };
      const { actions: all } = await cache.meaning(typed, { ask, temporary: false });
      expect(all).toContainEqual({ effect: "execute", on: "public.checked", traits: ["volatile"] });
    });

    test("a cast that nobody writes counts everywhere, one that an assignment makes where something is written", async () => {
      await server.sql("create cast (text as flag) with function to_flag(text) as assignment");
      cache.invalidate();
      expect(await actions("select id from orders")).toEqual(["read public.orders"]);
      expect(await actions("insert into orders values (3)")).toContain("execute public.to_flag [volatile]");
      await server.sql("drop cast (text as flag)");
      await server.sql("create cast (text as flag) with function to_flag(text) as implicit");
      cache.invalidate();
      expect(await ran("select of_flag('x'::text)")).toContain("ran to_flag");
      expect(await actions("select id from orders")).toContain("execute public.to_flag [volatile]");
      await server.sql("drop cast (text as flag)");
      cache.invalidate();
    });

    test("a catalogue that cannot be asked: unknown besides, and asked again", async () => {
      const own = new MeaningCache(true);
      const read = classify("select id from orders where id = 12345");
      const fails = await own.meaning(read, {
        ask: () => Promise.reject(new Error("no")),
        ...{ temporary: false },
      });
      expect(fails.actions).toEqual([...read.actions, { effect: "unknown", on: "catalogue" }]);
      expect(await own.meaning(read, { ask, temporary: false })).toBe(read);
    });

    test("a table that somebody has locked is nobody's trouble who does not name it", async () => {
      await server.sql(`create table busy (n int); create table quiet (n int); create view over_busy as select n from busy;
        create function busy_now() returns bigint language sql stable begin atomic select count(*) from busy; end`);
      const unknown = "unknown catalogue";
      cache.invalidate();
      await actions("select * from over_busy, quiet");
      const holder = new pg.Client(server.url());
      await holder.connect();
      try {
        await holder.query("begin; lock table busy");
        cache.invalidate();
        expect(await actions("select n from quiet")).toEqual(["read public.quiet"]);
        expect(await actions("select * from over_busy, quiet")).toContain(unknown);
        expect(await actions("select n + 1 from quiet")).toEqual(["read public.quiet"]);
        // A gateway that begins in that moment.
        const began = new MeaningCache(true);
        const read = classify("select busy_now() from quiet", defaultSettings);
        const asking = { ask, temporary: false };
        const volatile = { effect: "execute", on: "public.busy_now", traits: ["volatile"] } as const;
        expect((await began.meaning(read, asking)).actions).toContainEqual(volatile);
        await holder.query("rollback");
        began.invalidate();
        expect((await began.meaning(read, asking)).actions).not.toContainEqual(volatile);
      } finally {
        await holder.end();
      }
    });
  });
});
