import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { TableFacts } from "../catalogue.ts";
import { classifyApart } from "./apart.ts";
import { classify, loadParser, type SqlStatement } from "./classify.ts";
import { isSpoiled, longestAtOnce } from "./parse.ts";
import { defaultSettings } from "./settings.ts";

beforeAll(loadParser);

const long = (text: string) => `${text} -- ${"x".repeat(longestAtOnce)}`;
const read = async (text: string): Promise<SqlStatement> => await classifyApart(text, defaultSettings);
const actions = ({ actions: all }: SqlStatement) => all.map(({ effect, on }) => `${effect} ${on}`).join(", ");

describe("a long text", () => {
  test("keeps nobody else waiting, and ends the parser of nobody else", async () => {
    const sum = (terms: number) => `select 1${"+1".repeat(terms)}`;
    const bulk = `insert into orders values ${Array(5_000).fill("(1, 'some text', null)").join(",")}`;
    let turns = 0;
    const turning = setInterval(() => turns++);
    // Each overruns the stack of the parser that reads it, and leaves it so.
    const deep = [9_000, 49_000].map((terms) => read(sum(terms)));
    const shallow = read(bulk);
    expect(turns).toBe(0);
    expect(actions(await read("select * from customers"))).toBe("read public.customers");
    expect(actions(await shallow)).toBe("write public.orders");
    for (const statement of await Promise.all(deep))
      expect(actions(statement)).toMatch(/unknown \*|read \(none\)/);
    clearInterval(turning);
    expect(turns).toBeGreaterThan(0);
    expect(isSpoiled()).toBe(false);
    expect(actions(await read(long("delete from orders")))).toBe("delete public.orders, read public.orders");
  }, 60_000);

  test("is one that nests deep, too: a sign before an operand is a level a character", async () => {
    for (const signs of ["+", "-+", "+-"]) {
      const text = `select ${signs.repeat(longestAtOnce)}`.slice(0, longestAtOnce - 1);
      const deep = read(`${text}1`);
      expect(actions(await deep)).toMatch(/unknown \*|read \(none\)/);
      expect(isSpoiled()).toBe(false);
    }
  }, 60_000);

  test("waits for shorter ones, but not for all that come", async () => {
    const texts = [3, 2, ...Array(40).fill(1)].map(
      (times, at) => `select ${at} -- ${"x".repeat(times * longestAtOnce)}`,
    );
    const done: number[] = [];
    await Promise.all(texts.map((text, at) => read(text).then(() => done.push(at))));
    expect(done[0]).toBe(0);
    expect(done.indexOf(1)).toBeGreaterThan(1);
    expect(done.indexOf(1)).toBeLessThan(20);
  }, 60_000);

  test("says what a short one says", async () => {
    for (const text of [
      "select lower(email), o.* from customers c, orders o where c.id = any(array[1, 2]) order by o.note",
      "with w as (update orders set note = 'x' returning *) select f(w.note), (w).shred from w",
      "insert into notes select id, email from customers",
      "prepare p as select 1; execute p; deallocate p",
      "set standard_conforming_strings = off",
      "copy (select email from customers) to stdout with (format csv, null 'n')",
      "copy orders from stdin",
      "selec 1",
      "do 'begin end'",
      "set search_path = a; select 1",
      "commit; begin",
      "",
    ]) {
      const apart = await read(long(text));
      const here = classify(long(text));
      expect(apart.actions).toEqual(here.actions);
      expect(apart.unclear?.()).toBe(here.unclear?.());
      const { statements, uses, changes, transaction, copyIn, copyOut, mentions } = apart.detail;
      const { relations, calls, attributes, operators, types, rows, wholes } = here.detail.mentions;
      expect(mentions).toMatchObject({ relations, calls, attributes, operators, types, rows, wholes });
      const same = { statements, uses, changes, transaction, copyIn, copyOut };
      for (const [name, value] of Object.entries(same)) {
        expect(value as unknown).toEqual(here.detail[name as keyof typeof same]);
      }
      expect(apart.detail.copies?.()).toEqual(here.detail.copies?.() as never);
      const [one, other] = [apart.detail.lineage()?.[0], here.detail.lineage()?.[0]];
      expect(one?.relations).toEqual(other?.relations as never);
      expect(one?.mentioned.names).toEqual(other?.mentioned.names as never);
      expect(one?.conditions.columns).toEqual(other?.conditions.columns as never);
      expect(one?.valueless).toBe(other?.valueless as never);
      expect(one?.stores === undefined).toBe(other?.stores === undefined);
    }
  });

  test("gives its columns what they come from once the catalogue is known", async () => {
    const table = (name: string, ...columns: string[]): readonly TableFacts[] => [
      {
        ...{ oid: 1, schema: "public", name, kind: "r" },
        columns: new Map(
          columns.map((column, at) => [
            at + 1,
            { name: column, generated: false, origins: [{ table: `public.${name}`, column }] },
          ]),
        ),
      },
    ];
    const customers = table("customers", "id", "email");
    const tables = (name: string) => (name === '"customers"' ? customers : undefined);
    const select = long("select id, lower(email) as mail from (select * from customers) c");
    const apart = (await read(select)).detail;
    expect(apart.lineage()?.[0]?.outputs(tables)).toBeUndefined();
    await apart.follow?.(tables);
    expect(apart.follow?.(tables)).toBeUndefined();
    const outputs = classify(select).detail.lineage()?.[0]?.outputs(tables);
    expect(outputs).toHaveLength(2);
    expect(apart.lineage()?.[0]?.outputs(tables)).toEqual(outputs as never);
    // Under other facts nobody knows again.
    expect(apart.lineage()?.[0]?.outputs(() => table("customers", "id", "email"))).toBeUndefined();

    const insert = long(
      "insert into customers (id, email) values (1, 'a@b.c') on conflict (id) do update set email = excluded.email",
    );
    const stores = (await read(insert)).detail;
    expect(stores.lineage()?.[0]?.stores?.(tables)).toEqual([{ into: [], from: undefined }]);
    await stores.follow?.(tables);
    expect(stores.lineage()?.[0]?.stores?.(tables)).toEqual(
      classify(insert).detail.lineage()?.[0]?.stores?.(tables) as never,
    );
  });
});

test("where the parser here has ended before its time, the thread's reads every text", async () => {
  const script = `
    import { classifyApart } from ${JSON.stringify(join(import.meta.dir, "apart.ts"))};
    import { classify, loadParser } from ${JSON.stringify(join(import.meta.dir, "classify.ts"))};
    import { isSpoiled } from ${JSON.stringify(join(import.meta.dir, "parse.ts"))};
    import { defaultSettings } from ${JSON.stringify(join(import.meta.dir, "settings.ts"))};
    await loadParser();
    classify("select 1" + "+1".repeat(70000));
    const apart = classifyApart("select * from orders", defaultSettings);
    console.log(isSpoiled(), apart instanceof Promise, (await apart).actions[0].on, classify("select * from a").actions[0].effect);
    process.exit(0);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  expect((await new Response(child.stdout).text()).trim()).toBe("true true public.orders unknown");
}, 60_000);
