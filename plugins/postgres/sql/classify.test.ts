import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../../test/fuzz.ts";
import { classify, loadParser } from "./classify.ts";
import { defaultSettings, nextSettings } from "./settings.ts";
import { longestText, mostTokens } from "./size.ts";
import { written } from "./testing/actions.ts";

await loadParser();
const actions = (text: string, settings = defaultSettings) => written(classify(text, settings).actions);

describe("what is not read", () => {
  test("says why, with the place where the parser stopped", () => {
    const flaw = (text: string, settings = defaultSettings) => classify(text, settings).flaw?.();
    expect(flaw("select 'é'; selec 1")).toEqual({
      words: 'syntax error at or near "selec"',
      position: 13,
    });
    // Texts that differ in integers share what was read of them, and not what is said of each.
    expect(flaw("select 1 as 2")?.words).toBe('syntax error at or near "2"');
    expect(flaw("select 1 as 3")?.words).toBe('syntax error at or near "3"');
    expect(flaw("select 1\0")).toEqual({ words: "the text has bytes that are no UTF-8, or a NUL" });
    expect(flaw("do $$ begin end $$")?.words).toBe("what a DO block runs is not read");
    expect(flaw("set search_path = a; select 1")?.words).toContain("send it by itself");
    expect(
      flaw("select '\\'", nextSettings(defaultSettings, { ...defaultSettings, standardStrings: false }))
        ?.words,
    ).toContain("backslash");
    expect(classify("select 1").unclear).toBeUndefined();
  });

  test("a text that is too long, holds a zero byte or was not UTF-8", () => {
    expect(actions(`select 1 -- ${"x".repeat(longestText)}`)).toBe("unknown *");
    expect(actions("select 1\0; drop table x")).toBe("unknown *");
    expect(actions('select * from "caf\ufffd"')).toBe("unknown *");
  });
  test("a text of so many parts that others would wait for it, but not one long literal", () => {
    for (const part of [",1", "[1]", " and a", ",*"]) {
      expect(actions(`select a${part.repeat(mostTokens / 2 + 1)} from x`)).toBe("unknown *");
    }
    for (const long of ["x".repeat(1_000_000), "lorem ipsum ".repeat(70_000), "\u00e9".repeat(500_000)]) {
      expect(actions(`insert into x values ('${long}')`)).toBe("write public.x");
    }
    expect(actions(`select a${",1".repeat(mostTokens / 2 - 10)} from x`)).toBe("read public.x");
  });
  test("a text nested so deep that the parser gives up", () => {
    for (const text of [`select ${"(".repeat(50_000)}`, `select 1${"+1".repeat(200_000)}`]) {
      expect(actions(text)).toMatch(/^(unknown \*|read \(none\))$/);
      expect(actions("delete from x")).toBe("delete public.x; read public.x");
    }
  });
  test("a backslash in a string where the server reads it as an escape", () => {
    const settings = { ...defaultSettings, standardStrings: false };
    expect(actions("select '\\'; drop table x; --'", settings)).toBe("unknown *");
    expect(actions("select 'x' from y", settings)).toBe("read public.y");
  });
  test("what is not ASCII in an encoding whose second bytes may be quotes", () => {
    const settings = { ...defaultSettings, utf8: false };
    expect(actions("select 'é' from y", settings)).toBe("unknown *");
    expect(actions("select 'e' from y", settings)).toBe("read public.y");
  });
});

describe("the session's settings", () => {
  const after = (...texts: string[]) =>
    texts.reduce(
      (settings, text) => nextSettings(settings, classify(text, settings).detail.changes),
      defaultSettings,
    );
  test("a changed search_path makes names without a schema anybody's", () => {
    const settings = after("set search_path = secret");
    expect(actions("select lower(a), f(a) from orders, public.x, pg_class", settings)).toBe(
      "execute *.f; read *.orders; read public.x; read pg_catalog.pg_class",
    );
  });
  test("a search_path with pg_catalog behind another schema makes everything unknown", () => {
    const settings = after("set search_path = a", "set search_path = evil, pg_catalog");
    expect(actions("select lower('x')", settings)).toBe("unknown *");
  });
  test("never get better again: a rollback may bring the old value back", () => {
    const settings = after(
      "begin; set standard_conforming_strings = off",
      "rollback",
      "reset all",
      "discard all",
    );
    expect(settings.standardStrings).toBe(false);
    expect(after("set search_path = a", "reset search_path").names).toBe("changed");
  });
  test("are seen through set_config and in whatever statement it hides", () => {
    expect(after("select 1 from x where set_config('search_path', 'a', false) = ''").names).toBe("changed");
    expect(after("explain select set_config('search_path', 'a', false)").names).toBe("changed");
    expect(after("prepare p as select set_config(a, b, false) from x").names).toBe("untrusted");
    expect(after("create function f() returns int language sql set search_path = x as ''")).toBe(
      defaultSettings,
    );
  });
  test("may all be others once pg_settings was updated, in whatever statement that hides", () => {
    const attacks = [
      "update pg_settings set setting = 'off' where name = 'standard_conforming_strings'",
      "update pg_catalog.pg_settings s set setting = 'hr' where name like 'search%'",
      "with u as (update pg_settings set setting = 'hr' returning 1) select 1",
      "prepare p as update pg_settings set setting = $1 where name = $2",
    ];
    for (const text of attacks) {
      expect(after(text)).toEqual({ names: "untrusted", standardStrings: false, utf8: false });
    }
  });
  test("equal settings are one object", () => {
    expect(after("set search_path = a")).toBe(after("set search_path = b"));
  });
});

describe("names that a text makes and uses", () => {
  test("are listed in order", () => {
    const { uses } = classify('prepare "P" as delete from x; execute "P"; deallocate all; close c').detail;
    expect(uses).toEqual([
      {
        verb: "prepare",
        name: "P",
        actions: [
          { effect: "delete", on: "public.x" },
          { effect: "read", on: "public.x" },
        ],
      },
      { verb: "execute", name: "P" },
      { verb: "deallocate" },
      { verb: "close", name: "c" },
    ]);
  });
});

describe("the cache", () => {
  test("gives the same object for the same text", () => {
    expect(classify("select a from cached")).toBe(classify("select a from cached"));
  });
  test("texts that differ in integers share the verdict and keep their own text", () => {
    const one = classify("select a from shared where id = 1");
    const two = classify("select a from shared where id = 22");
    expect(two.text).toBe("select a from shared where id = 22");
    expect(two.actions).toBe(one.actions);
    expect(two.detail).toBe(one.detail);
  });
  test("an integer that is part of a name, a number or an option is not collapsed", () => {
    expect(actions("select a from t1")).toBe("read public.t1");
    expect(actions("select a from t2")).toBe("read public.t2");
    expect(actions("explain (analyze 0) delete from x")).toBe("read public.x");
    expect(actions("explain (analyze 1) delete from x")).toBe("delete public.x; read public.x");
    expect(actions("select 1 /* 2 */ from a")).toBe("read public.a");
  });
  test("settings are kept apart", () => {
    const changed = nextSettings(defaultSettings, { ...defaultSettings, names: "changed" });
    expect(actions("select a from apart")).toBe("read public.apart");
    expect(actions("select a from apart", changed)).toBe("read *.apart");
    expect(actions("select a from apart where 2 = 3")).toBe("read public.apart");
    expect(actions("select a from apart where 2 = 3", changed)).toBe("read *.apart");
  });
});

describe("any text", () => {
  const seeds = [
    "select a, (b).c from x join y using (id) where f(a) > 1 order by 1 for update",
    "with d as (delete from x returning *) insert into y select * from d on conflict (a) do update set b = 1",
    "copy (select E'\\'' || $q$;$q$ || U&'\\0061' from x) to program 'x'; alter table t add check (a > 0)",
    "explain (analyze, buffers) merge into x using y on true when matched then delete",
  ];
  test("never throws, and nothing that could not be read comes without an action", () => {
    const mutation = fc.tuple(
      fc.constantFrom(...seeds),
      fc.array(
        fc.tuple(
          fc.nat(200),
          fc.nat(6),
          fc.constantFrom("", "'", '"', ";", "(", ")", "--", "/*", "\\", "$", "\0", "é"),
        ),
      ),
    );
    fc.assert(
      fc.property(mutation, ([seed, edits]) => {
        let text = seed;
        for (const [at, length, by] of edits) text = text.slice(0, at) + by + text.slice(at + length);
        const statement = classify(text);
        expect(statement.text).toBe(text);
        statement.detail.lineage();
        if (statement.actions.length === 0) expect(text).toMatch(/^(\s|;|--.*|\/\*[\s\S]*\*\/)*$/);
      }),
      sampled(1500),
    );
  });

  test("what ends a transaction runs the queries of cursors WITH HOLD, whose errors quote values", () => {
    const valueless = (text: string) =>
      classify(text)
        .detail.lineage()
        ?.map((each) => each.valueless);
    for (const text of ["commit", "end", "commit and chain", "prepare transaction 'x'"])
      expect(valueless(text)).toEqual([false]);
    for (const text of ["begin", "rollback", "savepoint s", "close c"])
      expect(valueless(text)).toEqual([true]);
  });
});
