import { heapStats } from "bun:jsc";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { classify, loadParser } from "../../plugins/postgres/sql/classify.ts";
import { defaultSettings, nextSettings, type SessionSettings } from "../../plugins/postgres/sql/settings.ts";
import { Random, seeds } from "../fuzz.ts";
import { needs, testWith } from "../needs.ts";
import { fields, query, RawClient } from "../raw.ts";
import { type Door, openDoor } from "./door.ts";

/** Must hold 4: verdicts are kept, boundedly, and what one session sets decides nothing for another. */
describe("the verdict cache", () => {
  let door: Door;
  let token: string;
  beforeAll(async () => {
    await loadParser();
    if (needs.postgres18) return;
    door = await openDoor({ version: 18 });
    token = await door.token("sam", "support");
    await door.server.sql("create schema hr; create table hr.orders (like public.orders)");
  });
  afterAll(() => door?.close());

  const login = () => RawClient.login(door.port, "sam", "shop", token);

  /** What became of a text: the SQLSTATE, or `ok`. */
  async function said(client: RawClient, text: string): Promise<string> {
    client.send(query(text));
    const error = (await client.until("Z")).find(({ type }) => type === "E");
    return error ? (fields(error).C ?? "") : "ok";
  }

  /** What a session may set for itself, and a text that is harmless to others and not to it. */
  const poisons = [
    [
      "set standard_conforming_strings = off",
      (mark: number) => String.raw`select '\', '; delete from customers; -- ${mark}'`,
    ],
    ["set search_path = hr", (mark: number) => `insert into orders values (${mark}, 'poison')`],
  ] as const;

  testWith(needs.postgres18)(
    "whoever asks first, a text is decided by its own session's settings",
    async () => {
      let mark = 1000;
      for (const [setting, textOf] of poisons) {
        for (const plainFirst of [true, false]) {
          const [plain, changed] = [await login(), await login()];
          expect(await said(changed, setting)).toBe("ok");
          const text = textOf(mark++);
          if (plainFirst) expect(await said(plain, text)).toBe("ok");
          expect(await said(changed, text)).toBe("42501");
          if (!plainFirst) expect(await said(plain, text)).toBe("ok");
          expect(await said(changed, text)).toBe("42501");
          plain.close();
          changed.close();
        }
      }
      expect(await door.server.sql("select count(*) from hr.orders")).toEqual([["0"]]);
      expect(await door.server.sql("select count(*) from customers")).toEqual([["3"]]);
      expect(await door.server.sql("select count(*) from public.orders where note = 'poison'")).toEqual([
        ["2"],
      ]);
    },
  );

  test("each combination of settings has verdicts of its own", () => {
    const texts = [
      String.raw`select '\', '; delete from x; --'`,
      "select 'é' from x",
      "select lower(a) from x where b = 1",
      "select lower(a) from x where b = 2",
    ];
    const all = [true, false].flatMap((standardStrings) =>
      [true, false].flatMap((utf8) =>
        (["default", "changed", "untrusted"] as const).map(
          (names): SessionSettings => nextSettings(defaultSettings, { names, standardStrings, utf8 }),
        ),
      ),
    );
    // A text so long that no shape is kept of it is read anew.
    const fresh = (text: string, settings: SessionSettings) =>
      classify(`${text} -- ${"x".repeat(9_000)}`, settings).actions;
    for (const order of [all, all.toReversed()]) {
      for (const text of texts) {
        const marked = `${text} -- ${order === all}`;
        for (const settings of order) {
          expect(classify(marked, settings).actions).toEqual(fresh(text, settings));
        }
        for (const settings of order) {
          expect(classify(marked, { ...settings }).actions).toEqual(fresh(text, settings));
        }
      }
    }
  });

  test("texts that share a verdict because they differ in integers mean the same", () => {
    for (const seed of seeds(40)) {
      const random = new Random(seed);
      for (let times = 0; times < 25; times++) {
        const [kept, text] = variants(random);
        classify(kept);
        const shared = classify(text).detail;
        const own = classify(`${text} ${" ".repeat(9_000)}`).detail;
        for (const what of ["actions", "uses", "changes", "statements"] as const) {
          expect([text, shared[what]]).toEqual([text, own[what]]);
        }
        for (const what of ["relations", "calls", "attributes", "operators", "types"] as const) {
          expect([text, shared.mentions[what]]).toEqual([text, own.mentions[what]]);
        }
        expect([text, plainly(shared.lineage())]).toEqual([text, plainly(own.lineage())]);
      }
    }
  });

  test("what is kept is bounded, however many texts come and whatever is in them", () => {
    const wide = Array.from({ length: 500 }, (_, at) => `t${at}`).join();
    const flood = (from: number): number => {
      for (let at = from; at < from + 1_500; at++) {
        classify(`select ${at} as a${at} from x${at} where f${at}(b.c${at}) = '${at}'`);
        if (at % 15 === 0) classify(`select '${at}' from ${wide}, u${at}`).detail.lineage();
        if (at % 15 === 0) classify(`insert into x values ('${at}${"y".repeat(60_000)}')`);
      }
      Bun.gc(true);
      return heapStats().heapSize;
    };
    const before = heapStats().heapSize;
    const full = Math.max(flood(0), flood(1_500), flood(3_000));
    const later = Math.max(flood(4_500), flood(6_000));
    expect(later - before).toBeLessThan((full - before) * 1.3 + (20 << 20));
    expect(full - before).toBeLessThan(200 << 20);
  }, 60_000);
});

/** Without functions, sets and maps as lists. */
function plainly(value: unknown): string {
  return JSON.stringify(value, (_, part) => (part instanceof Set || part instanceof Map ? [...part] : part));
}

/** Two texts that differ in integers, wherever one may stand. */
function variants(random: Random): [string, string] {
  const shape = random.of([
    "select a, b from t where a = # and b in (#, #) order by # limit #",
    "select a, b, count(*) from t group by #, # having count(*) > # order by #, 1",
    "select distinct on (#) a, b from t",
    "select a[#], (b).c[#:#], t#.d, #.5, 1e#, #::int8 from t#, t t#",
    "with q as (select # from t order by #) select * from q, f(#) union select # order by #",
    "insert into t values (#, #) on conflict do nothing returning a",
    "update t set a = #, b[#] = # where c = # returning #",
    "delete from t where a > # -- #",
    "select nextval(#), lo_get(#), set_config(a, b, #) from t tablesample system (#)",
    "select f(#, a), a #, b # from t offset # rows fetch first # rows only",
    "select interval(#) from t; select # from u",
    "select a from t where (a, b) in (select #, c# from u#) for update of t",
  ]);
  const fill = () => shape.replaceAll("#", () => String(random.of([0, 1, 2, 3, 17, 4294967296])));
  return [fill(), fill()];
}
