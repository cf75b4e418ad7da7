import { describe, expect, test } from "bun:test";
import type pg from "pg";
import { type Column, PosternError } from "../../../core/plugin.ts";
import { fields, type Message } from "../../../test/raw.ts";
import { bind, describe as describeMessage, execute, flush, parse, query, sync } from "../wire/query.ts";
import { CellWalker } from "../wire/rows.ts";
import { noPostgres, postgresFixture, types } from "./testing/fixture.ts";
import type { TestGate } from "./testing/gate.ts";

describe.skipIf(noPostgres)("rows a guardrail looks at", () => {
  const fixture = postgresFixture();
  const emails: Column["origins"][] = [];

  function masked(): TestGate {
    const gate = fixture.freshGate();
    emails.length = 0;
    gate.answer = () => ({
      rows(columns) {
        const found = columns.flatMap(({ origins }, index) => {
          const mine = origins === "unknown" || origins.some(({ column }) => column === "email");
          return mine ? index : [];
        });
        emails.push(...found.map((index) => columns[index]!.origins));
        return found.length === 0 ? "clear" : { columns: found, show: () => Buffer.from("***") };
      },
    });
    return gate;
  }

  function cells(messages: readonly Message[]): (string | null)[][] {
    const walker = new CellWalker();
    return messages.flatMap(({ type, body }) => {
      if (type !== "D") return [];
      const row: (string | null)[] = [];
      walker.open(body, 0, body.length);
      while (walker.next())
        row.push(
          walker.length < 0 ? null : body.toString("utf8", walker.start, walker.start + walker.length),
        );
      return [row];
    });
  }

  test("each result of a simple query has its own filter", async () => {
    masked();
    const client = await fixture.raw();
    client.send(
      query(
        "select 1 as email; select email, id from people where id = 1; select id from people where id = 2",
      ),
    );
    const answer = await client.until("Z");
    expect(types(answer)).toBe("TDCTDCTDCZ");
    expect(cells(answer)).toEqual([["1"], ["***", "1"], ["2"]]);
  });

  for (const [name, size] of [
    ["whole", 1 << 20],
    ["byte by byte", 1],
    ["in threes", 3],
  ] as const) {
    test(`pipelined, described by the caller or not, arriving ${name}`, async () => {
      masked();
      fixture.door.piece = () => size;
      const client = await fixture.raw();
      client.send(
        Buffer.concat([
          ...[parse("s", "select email from people where id <= 2"), bind("", "s"), execute("")],
          ...[
            bind("p", "s"),
            describeMessage({ kind: "portal", name: "p" }),
            execute("p", 1),
            execute("p", 1),
            sync,
          ],
          ...[parse("", "select id from people where id = 3"), bind("", ""), execute(""), sync],
        ]),
      );
      const answer = [...(await client.until("Z")), ...(await client.until("Z"))];
      expect(types(answer)).toBe("12DDC2TDsDsZ12DCZ");
      expect(cells(answer)).toEqual([["***"], ["***"], ["***"], ["***"], ["3"]]);
    });
  }

  test("a portal that goes on later keeps its filter and is one operation", async () => {
    const gate = masked();
    const client = await fixture.raw();
    client.send(query("begin"));
    await client.until("Z");
    client.send(Buffer.concat([parse("", "select email from people"), bind("p", ""), execute("p", 2), sync]));
    expect(cells(await client.until("Z"))).toEqual([["***"], ["***"]]);
    client.send(
      Buffer.concat([
        parse("", "select id from people where id = 1"),
        bind("", ""),
        execute(""),
        execute("p", 0),
        sync,
      ]),
    );
    expect(cells(await client.until("Z"))).toEqual([["1"], ["***"], ["***"], ["***"]]);
    expect(gate.began.map(({ text, outcome }) => [text, outcome?.rows])).toEqual([
      ["begin", 0],
      ["select email from people", 5],
      ["select id from people where id = 1", 1],
    ]);
  });

  test("a portal that goes on under another policy is another operation", async () => {
    const gate = masked();
    const client = await fixture.raw();
    client.send(query("begin"));
    await client.until("Z");
    client.send(Buffer.concat([parse("", "select id from people"), bind("p", ""), execute("p", 2), sync]));
    await client.until("Z");
    gate.version = "2";
    gate.word = () => ({ deny: { code: "policy.denied", message: "Not any more." } });
    client.send(Buffer.concat([execute("p", 0), sync]));
    expect(types(await client.until("Z"))).toBe("EZ");
  });

  test("a mask follows a column through cursors, EXECUTE, RETURNING, aliases and expressions", async () => {
    masked();
    const client = await fixture.raw();
    for (const text of [
      "begin; declare c cursor for select email as x from people where id = 1; fetch c; commit",
      "prepare q as select email as x from people where id = 1; execute q",
      "update people set id = id where id = 1 returning email as x",
      "select lower(email) || '' as x from people where id = 1",
      "with p as (select email from people where id = 1) select (select email from p) as x",
    ]) {
      client.send(query(text));
      const rows = cells(await client.until("Z"));
      expect(rows.length).toBeGreaterThan(0);
      expect({ text, rows: rows.flat().filter((cell) => cell !== "***") }).toEqual({ text, rows: [] });
    }
  });

  test("a column described under one search_path and run under another is filtered by what it is", async () => {
    masked();
    await fixture.server.sql(
      "create schema if not exists other; create table if not exists other.plain (email text); truncate other.plain; insert into other.plain values ('a@b.c')",
    );
    const client = await fixture.raw();
    client.send(
      Buffer.concat([
        parse("s", "select * from plain"),
        describeMessage({ kind: "statement", name: "s" }),
        sync,
      ]),
    );
    await client.until("Z");
    client.send(query("set search_path = other"));
    await client.until("Z");
    client.send(Buffer.concat([bind("", "s"), execute(""), sync]));
    const answer = await client.until("Z");
    expect(["E", "D"]).toContain(answer.find(({ type }) => type === "E" || type === "D")!.type);
    expect(cells(answer).flat()).not.toContain("a@b.c");
  });

  test("binary and text, as node-postgres asks for them", async () => {
    masked();
    const client = await fixture.pg();
    for (const binary of [false, true]) {
      const { rows } = await client.query({
        text: "select id, email from people where id = $1",
        values: [1],
        binary,
      } as pg.QueryConfig);
      expect(rows).toEqual([{ id: 1, email: "***" }]);
    }
  });

  test("withheld rows keep their number and shape", async () => {
    const gate = fixture.freshGate();
    gate.answer = () => ({ rows: () => "withhold" });
    const client = await fixture.raw();
    client.send(query("select id, email from people where id < 3"));
    expect(cells(await client.until("Z"))).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  test("a guardrail that refuses in the middle stops the answer with its reason", async () => {
    const gate = fixture.freshGate();
    let left = 3;
    const row = () => {
      if (left-- === 0) throw new PosternError("limit.rows", "More than 3 rows.");
    };
    gate.answer = () => ({ rows: () => ({ columns: [], show: () => null, row }) });
    const client = await fixture.raw();
    client.send(query("select n from generate_series(1, 2000000) n"));
    const answer = await client.until("Z");
    expect([types(answer), fields(answer.at(-2)!)]).toMatchObject([
      "TDDDEZ",
      { C: "54000", M: "More than 3 rows." },
    ]);
    left = 1;
    client.send(
      Buffer.concat([parse("", "select id from people"), bind("", ""), execute(""), sync, query("select 1")]),
    );
    expect(types(await client.until("Z"))).toBe("12DEZ");
    left = 9;
    expect(types(await client.until("Z"))).toBe("TDCZ");
  });

  test("a row too large to be looked at ends the session, one nobody looks at goes through", async () => {
    const gate = fixture.freshGate();
    fixture.door.limits = { frame: 10_000 };
    const client = await fixture.raw();
    client.send(query("select repeat('x', 200000) as email"));
    expect(types(await client.until("Z"))).toBe("TDCZ");
    gate.answer = () => ({ rows: () => "withhold" });
    client.send(query("select repeat('x', 200000) as email"));
    const answer = await client.until("Z");
    expect(fields(answer.at(-1)!)).toMatchObject({
      S: "FATAL",
      D: "Code: limit.frame. Session: ses_test.",
    });
  });

  test("an operation whose time is up is cancelled and says so", async () => {
    const gate = fixture.freshGate();
    const reason = { code: "limit.statement-time", message: "It took too long." };
    gate.answer = ({ text }) => (text.includes("sleep") ? { deadline: { after: 50, reason } } : undefined);
    const client = await fixture.raw();
    client.send(query("select pg_sleep(20)"));
    const answer = await client.until("Z");
    expect([types(answer), fields(answer.find(({ type }) => type === "E")!).M]).toEqual([
      "EZ",
      "It took too long.",
    ]);
    expect(gate.began[0]?.outcome).toMatchObject({ result: "cancelled" });
    client.send(Buffer.concat([parse("", "select 1"), bind("", ""), execute(""), flush]));
    expect(types(await client.until("C"))).toBe("12DC");
  });
});
