import { afterAll, beforeAll, describe, expect } from "bun:test";
import { needs, testWith } from "../needs.ts";
import { openStartupDoor, type StartupDoor } from "./startup-door.ts";

const patience = 30_000;

/** Under a rule that allows everything: what the start-up packet sets, what is asked then, and what the server says. */
const allowed: readonly (readonly [Record<string, string>, ...(readonly [string, string])[]])[] = [
  [
    { options: "-c search_path=hr,public" },
    ["show search_path", "hr,public"],
    ["select note from orders", "hr"],
    // It is the session's default, and no SET.
    ["set search_path = public; reset search_path; show search_path", "hr,public"],
    ["discard all", ""],
    ["show search_path", "hr,public"],
  ],
  [{ search_path: '"$user", hr' }, ["select note from orders", "hr"]],
  [{ "some.var": "it's \\ 'so'" }, ["select current_setting('some.var')", "it's \\ 'so'"]],
  [{ options: "-c role=app" }, ["select current_user", "app"], ["select session_user", "postgres"]],
  // A server takes no notice of it there.
  [{ session_authorization: "app" }, ["select session_user", "postgres"]],
  [{ SESSION_REPLICATION_ROLE: "replica" }, ["show session_replication_role", "replica"]],
  [
    { options: "--standard-conforming-strings=off" },
    ["show standard_conforming_strings", "off"],
    ["select 'a\\'b'", "a'b"],
  ],
  [
    { options: "-c default_transaction_read_only=on -c default_transaction_isolation=serializable" },
    ["insert into orders values ('x')", "25006"],
    ["show transaction_isolation", "serializable"],
  ],
  [{ client_encoding: "LATIN1" }, ["show client_encoding", "LATIN1"]],
  [{ client_min_messages: "debug1" }, ["show client_min_messages", "debug1"]],
];

/** Who asks for what, and the code of the refusal. */
const attacks: readonly (readonly [string, Record<string, string>, string, string?])[] = [
  ["readers", { search_path: "hr, pg_catalog" }, "policy.denied"],
  ["readers", { search_path: 'hr, "pg_catalog"' }, "policy.denied"],
  ["readers", { search_path: '"PG_CATALOG", hr, pg_catalog' }, "policy.denied"],
  ["readers", { search_path: '"pg_catalog,x", hr, pg_catalog' }, "policy.denied"],
  ["readers", { options: "-c search_path=hr,PG_CATALOG" }, "policy.denied"],
  ["readers", { role: "app" }, "policy.denied"],
  ["readers", { Role: "app" }, "policy.denied"],
  ["readers", { options: "--session-authorization=app" }, "policy.denied"],
  ["readers", { session_replication_role: "replica" }, "policy.denied"],
  ["readers", { options: "-c session_repl\\ication_role=replica" }, "policy.denied"],
  ["readers", { "some.var": "x" }, "policy.denied"],
  ["readers", { client_encoding: "SJIS" }, "policy.denied"],
  ["readers", { backslash_quote: "on" }, "policy.denied"],
  ["readers", { no_such_setting: "x" }, "policy.denied"],
  ["readers", { default_transaction_read_only: "off" }, "postgres.read-only"],
  ["readers", { options: "-c DEFAULT_transaction_read_only=0" }, "postgres.read-only"],
  ["readers", { options: "--transaction-read-only=false" }, "postgres.read-only"],
  [
    "readers",
    { options: "-c default_transaction_read_only=on", DEFAULT_TRANSACTION_READ_ONLY: "no" },
    "postgres.read-only",
  ],
  ["readers", { default_transaction_read_only: " on" }, "postgres.read-only"],
  // One that may be does not carry in one that may not.
  ["readers", { options: "-c search_path=hr -c role=app" }, "policy.denied"],
  ["tables", { search_path: "hr" }, "policy.denied"],
  ["loaders", { log_statement: "none" }, "policy.denied"],
  ["asked", { session_replication_role: "replica" }, "postgres.setting"],
  ["all", { role: "postgres" }, "postgres.role", "roles"],
  ["all", { options: "-c session_authorization=postgres" }, "postgres.role", "roles"],
  // Words of the start-up packet itself: the last one would count.
  ["all", { User: "app" }, "postgres.setting"],
  ["all", { DATABASE: "template1" }, "postgres.setting"],
  ["all", { options: "-c replication=true" }, "postgres.setting"],
  ["all", { _PQ_: "x", "_PQ_.x": "1" }, "postgres.setting"],
  // What no SET could do.
  ["all", { session_preload_libraries: "auto_explain" }, "postgres.setting"],
  ["all", { options: "--log-disconnections=off" }, "postgres.setting"],
  // What the server does not take.
  ["all", { no_such_setting: "x" }, "postgres.setting"],
  ["all", { timezone: "Nowhere" }, "postgres.setting"],
  ["all", { search_path: '"' }, "postgres.setting"],
  ["all", { role: "nobody" }, "postgres.setting"],
  ["all", { shared_buffers: "1GB" }, "postgres.setting"],
];

for (const version of [15, 18] as const) {
  describe(`settings at start-up, PostgreSQL ${version}`, () => {
    const lack = version === 15 ? needs.postgres15 : needs.postgres18;
    let door: StartupDoor;
    beforeAll(async () => {
      if (!lack) door = await openStartupDoor(version);
    }, patience);
    afterAll(async () => door?.close(), patience);

    testWith(lack)(
      "are passed on as the session's defaults where the rule allows the SET that they are",
      async () => {
        for (const [parameters, ...questions] of allowed) {
          const begun = await door.begin("all", parameters);
          if ("refused" in begun) throw new Error(JSON.stringify([parameters, begun.refused]));
          for (const [sql, answer] of questions) expect([sql, await begun.ask(sql)]).toEqual([sql, answer]);
          begun.client.close();
        }
      },
      patience,
    );

    testWith(lack)(
      "do nothing that SET may not do",
      async () => {
        await Promise.all(
          attacks.map(async ([group, parameters, code, database]) => {
            const begun = await door.begin(group, parameters, database);
            const why = "refused" in begun ? begun.refused : {};
            expect([parameters, why.S, why.D]).toEqual([
              parameters,
              "FATAL",
              expect.stringContaining(`Code: ${code}.`),
            ]);
            expect(why.H).toBeString();
            if (code === "policy.denied") expect(why.M).toContain("cannot be set at start-up: ");
          }),
        );
      },
      patience,
    );

    testWith(lack)(
      "leave the session what it is: read-only, and its texts read by what was set",
      async () => {
        const begun = await door.begin("readers", {
          options: "-c search_path=hr -c default_transaction_read_only=on",
          standard_conforming_strings: "off",
        });
        if ("refused" in begun) throw new Error(JSON.stringify(begun.refused));
        const { ask, client } = begun;
        expect(await ask("select note from orders")).toBe("hr");
        expect(await ask("show transaction_read_only")).toBe("on");
        // Two strings by standard ones, a string and a statement for the server.
        const hidden = "select 'x\\', '; delete from hr.orders; --'";
        expect(await ask(hidden)).toBe("42501");
        expect(await ask(`set standard_conforming_strings = on; ${hidden}`)).toBe("42501");
        expect(await ask("reset all")).toBe("");
        expect(await ask("show standard_conforming_strings")).toBe("off");
        expect(await ask("show transaction_read_only")).toBe("on");
        expect(await door.server.sql("select count(*) from hr.orders")).toEqual([["1"]]);
        client.close();
      },
      patience,
    );

    testWith(lack)(
      "stand in the trail like a SET, before the server hears of them, with what became of them",
      async () => {
        const begun = await door.begin("all", { options: "-c search_path=trail_a -c my.mark=1" });
        if (!("refused" in begun)) begun.client.close();
        await door.begin("readers", { "my.mark": "2" });
        await door.begin("all", { "my.mark": "3", search_path: '"' });
        const of = (text: string) => door.entries("operation").filter((entry) => entry.text.includes(text));
        const outcome = (seq: number | undefined) =>
          door.entries("outcome").flatMap(({ op, outcome }) => (op === seq ? outcome.result : []));
        const [path] = of("'trail_a'");
        expect(path?.text).toBe("SELECT pg_catalog.set_config('search_path', 'trail_a', false)");
        expect(path?.actions).toContainEqual({ effect: "read", on: "setting search_path" });
        expect(outcome(path?.seq)).toEqual(["ok"]);
        const [mark] = of("'my.mark', '1'");
        expect(mark?.actions).toContainEqual({ effect: "execute", on: "setting my.mark" });
        expect(of("'my.mark', '2'")).toEqual([]);
        expect(door.entries("denied").filter(({ text }) => text?.includes("'my.mark', '2'"))).toHaveLength(1);
        expect(of("'my.mark', '3'").map(({ seq }) => outcome(seq))).toEqual([["error"]]);
      },
      patience,
    );

    testWith(lack)(
      "need more where functions run at login: those would run under them already",
      async () => {
        const before = await door.begin("loaders", { session_replication_role: "replica" });
        if ("refused" in before) throw new Error(JSON.stringify(before.refused));
        expect(await before.ask("show session_replication_role")).toBe("replica");
        before.client.close();
        if (version === 15) return;
        await door.server.sql(`
          create function greets() returns event_trigger language plpgsql as $$ begin perform 1; end $$;
          create event trigger greets on login execute function greets()`);
        for (const [group, parameters] of [
          ["loaders", { session_replication_role: "replica" }],
          ["readers", { search_path: "hr" }],
        ] as const) {
          const begun = await door.begin(group, parameters);
          expect("refused" in begun && begun.refused.M).toContain("login trigger");
        }
        const all = await door.begin("all", { event_triggers: "off" });
        if ("refused" in all) throw new Error(JSON.stringify(all.refused));
        all.client.close();
        const free = await door.begin("readers", { timezone: "UTC" });
        if ("refused" in free) throw new Error(JSON.stringify(free.refused));
        free.client.close();
      },
      patience,
    );

    testWith(lack)(
      "that are left out are the login's own: names are looked up where ALTER ROLE says",
      async () => {
        const begun = await door.begin("all", {});
        if ("refused" in begun) throw new Error(JSON.stringify(begun.refused));
        expect(await begun.ask("alter role postgres set search_path = hr, public")).toBe("");
        begun.client.close();
        const next = await door.begin("all", {});
        if ("refused" in next) throw new Error(JSON.stringify(next.refused));
        expect(await next.ask("select note from orders /* own */")).toBe("hr");
        const [entry] = door.entries("operation").filter(({ text }) => text.includes("/* own */"));
        expect(entry?.actions).toEqual([{ effect: "read", on: "hr.orders" }]);
        next.client.close();
      },
      patience,
    );
  });
}
