import { beforeAll, describe, expect, test } from "bun:test";
import { type Column, PosternError, type RowFilter } from "../../../core/plugin.ts";
import { fields, type Message, type RawClient } from "../../../test/raw.ts";
import { bind, execute, parse, query, sync } from "../wire/query.ts";
import { noPostgres, postgresFixture, types } from "./testing/fixture.ts";

const extended = (text: string) => Buffer.concat([parse("", text), bind("", ""), execute(""), sync]);

/** What the messages copied, in one piece. */
function copied(messages: readonly Message[]): string {
  return messages.flatMap(({ type, body }) => (type === "d" ? body.toString("latin1") : [])).join("");
}

describe.skipIf(noPostgres)("COPY out", () => {
  const fixture = postgresFixture();

  /** Masks what comes from `email`, and shows the columns that it was told of. */
  function masked() {
    const gate = fixture.freshGate();
    const seen: (readonly Column[])[] = [];
    gate.answer = () => ({
      rows(columns) {
        seen.push(columns);
        const mails = columns.flatMap(({ origins }, index) =>
          origins === "unknown" || origins.some(({ column }) => column === "email") ? index : [],
        );
        return mails.length === 0
          ? "clear"
          : { columns: mails, show: (_, __, start, end) => (end > start ? Buffer.from('a\t"b",\\') : null) };
      },
    });
    return { gate, seen };
  }

  async function ask(client: RawClient, bytes: Uint8Array) {
    client.send(bytes);
    const messages = await client.until("Z");
    return { types: types(messages), copied: copied(messages), messages };
  }

  beforeAll(async () => {
    await fixture.server.sql("create table one as select * from people where id = 1");
  });

  const shown: readonly (readonly [text: string, copied: string])[] = [
    ["copy one to stdout", '1\ta\\t"b",\\\\\n'],
    ["copy one (email, id) to stdout", 'a\\t"b",\\\\\t1\n'],
    ["copy (select id, upper(email) x from one) to stdout", '1\ta\\t"b",\\\\\n'],
    ["copy one to stdout (format csv, header)", 'id,email\n1,"a\t""b"",\\"\n'],
    ["copy one to stdout csv force quote id quote '$'", '$1$,$a\t"b",\\$\n'],
    ["copy one (id) to stdout", "1\n"],
    ["copy (delete from one where id = 1 returning email) to stdout", 'a\\t"b",\\\\\n'],
  ];
  for (const [text, expected] of shown) {
    for (const [how, bytes] of [
      ["simple", query(text)],
      ["extended", extended(text)],
    ] as const) {
      test(`${text}, ${how}`, async () => {
        masked();
        const client = await fixture.raw();
        const answer = await ask(client, Buffer.concat([query("begin"), bytes]));
        const rest = await client.until("Z");
        expect([answer.types, types(rest)]).toEqual([
          "CZ",
          how === "simple" ? expect.stringMatching(/^Hd+cCZ$/) : expect.stringMatching(/^12Hd+cCZ$/),
        ]);
        expect(copied(rest)).toBe(expected);
      });
    }
  }

  test("in binary: the cell is another, all else is to the byte", async () => {
    masked();
    const client = await fixture.raw();
    const { copied: data } = await ask(client, query("copy one to stdout (format binary)"));
    const bytes = Buffer.from(data, "latin1");
    expect(bytes.subarray(19).toString("hex")).toBe("00020000000400000001000000076109226222" + "2c5cffff");
  });

  test("generated and dropped columns, a quoted table, a search_path of the session's own", async () => {
    await fixture.server.sql(`drop schema if exists own cascade; create schema own;
      create table own."Pe ople" (a int, gone int, email text, g text generated always as ('x' || email) stored, z int);
      alter table own."Pe ople" drop column gone;
      insert into own."Pe ople" (a, email, z) values (1, null, 3), (2, 'x@example.com', 4)`);
    const { gate, seen } = masked();
    gate.word = () => "allow";
    const client = await fixture.raw();
    await ask(client, query("set search_path = own"));
    const answer = await ask(client, query('copy "Pe ople" to stdout'));
    expect(answer.copied).toBe('1\t\\N\t3\n2\ta\\t"b",\\\\\t4\n');
    expect(seen[0]?.map(({ name }) => name)).toEqual(["a", "email", "z"]);
  });

  test("bytes are the same where nothing is masked, and pass in one run where nobody looks", async () => {
    const gate = fixture.freshGate();
    const direct = await ask(await fixture.raw(), query("copy people to stdout"));
    gate.answer = () => ({ rows: () => ({ columns: [1], show: () => undefined }) });
    const client = await fixture.raw();
    const looked = await ask(client, query("copy people to stdout"));
    expect(looked.messages).toEqual(direct.messages);
    gate.answer = () => ({ rows: () => "clear" });
    expect((await ask(client, query("copy people to stdout"))).messages).toEqual(direct.messages);
  });

  test("cells that are taken apart and written anew are what the server wrote", async () => {
    await fixture.server.sql(`create table odd (a text, b bytea, c text);
      insert into odd select chr(i), decode(lpad(to_hex(i % 256), 2, '0'), 'hex'), repeat(chr(i), 2) || 'x' || chr(i)
        from generate_series(1, 400) i;
      insert into odd values (null, null, ''), ('', '', null), ('\\N', null, '\\.'), ('\\.', '', E'a\\r\\nb"",\\\\')`);
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    for (const options of [
      "",
      "(delimiter '|')",
      "(delimiter '~', null '')",
      "(header)",
      "(format binary)",
      "(format csv)",
      "(format csv, force_quote *, header)",
      "(format csv, quote '''', escape E'\\\\', null 'N')",
      "(format csv, delimiter ' ', quote 'x', escape '\"')",
    ]) {
      const text = query(`copy odd to stdout ${options}`);
      gate.answer = () => undefined;
      const direct = await ask(client, text);
      expect([options, direct.types]).toEqual([options, expect.stringMatching(/^Hd+cCZ$/)]);
      gate.answer = () => ({
        rows: () => ({
          columns: [0, 1, 2],
          show: (_, view, start, end) => Buffer.from(view.subarray(start, end)),
        }),
      });
      const anew = await ask(client, text);
      expect([options, anew.copied]).toEqual([options, direct.copied]);
    }
  });

  test("among other statements: withheld, since nobody knows what its names will mean", async () => {
    const { seen } = masked();
    const client = await fixture.raw();
    const { types: came, copied: data } = await ask(
      client,
      query("begin; copy (select 1, email from people where id = 1) to stdout csv; commit"),
    );
    expect(came).toBe("CHdcCCZ");
    expect(data).toBe('"a\t""b"",\\","a\t""b"",\\"\n');
    expect(seen[0]?.map(({ origins }) => origins)).toEqual(["unknown", "unknown"]);
  });

  test("what cannot be copied: the server's own error once, its own status, and the session goes on", async () => {
    const { gate } = masked();
    const client = await fixture.raw();
    for (const [text, code] of [
      ["copy nobody to stdout", "42P01"],
      ["copy people (nothing) to stdout", "42703"],
      ["copy (select 1/0) to stdout", "22012"],
    ] as const) {
      const simple = await ask(client, query(text));
      const message = simple.messages.find(({ type }) => type === "E");
      expect([text, simple.types, fields(message!).C, fields(message!).P]).toEqual([
        text,
        expect.stringMatching(/^H?EZ$/),
        code,
        undefined,
      ]);
      expect((await ask(client, extended(text))).types).toMatch(/^(12|1|)H?EZ$/);
      expect((await ask(client, query("select 1"))).types).toBe("TDCZ");
    }
    client.send(Buffer.concat([query("begin"), query("copy nobody to stdout"), query("select 1"), sync]));
    expect(types(await client.until("Z"))).toBe("CZ");
    expect(types(await client.until("Z"))).toBe("EZ");
    expect(types(await client.until("Z"))).toBe("EZ");
    expect(types(await client.until("Z"))).toBe("Z");
    expect(gate.began.every(({ denied, outcome }) => denied || outcome !== undefined)).toBe(true);
  });

  test("what the server notices is told once", async () => {
    masked();
    const client = await fixture.raw();
    const text = `copy (select email as ${"x".repeat(70)} from people) to stdout`;
    for (const bytes of [query(text), extended(text)]) {
      expect((await ask(client, bytes)).types.replace(/[^N]/g, "")).toBe("N");
    }
  });

  test("a statement of the caller's keeps its name, the one without a name too", async () => {
    masked();
    const client = await fixture.raw();
    client.send(Buffer.concat([parse("", "select 7"), parse("c", "copy people to stdout"), sync]));
    await client.until("Z");
    const again = Buffer.concat([bind("", "c"), execute(""), bind("", ""), execute(""), sync]);
    expect((await ask(client, again)).types).toMatch(/^2Hd{5}cC2DCZ$/);
    const { messages } = await ask(client, query("select name from pg_prepared_statements"));
    expect(messages.flatMap(({ type, body }) => (type === "D" ? body.subarray(6).toString() : []))).toEqual([
      "c",
    ]);
  });

  test("rows are counted, the header is not, and the answer stops with its reason", async () => {
    const gate = fixture.freshGate();
    gate.answer = () => ({ rows: () => counter(3) });
    const client = await fixture.raw();
    for (const options of ["", " csv header", " (format binary)"]) {
      const { types: came, messages } = await ask(client, query(`copy people to stdout${options}`));
      expect(came).toMatch(/^Hd{3,4}EZ$/);
      expect(fields(messages.find(({ type }) => type === "E")!).D).toContain("limit.rows");
      expect((await ask(client, query("select 1"))).types).toBe("TDCZ");
    }
  });

  test("where no guardrail could see rows it does not reach the server", async () => {
    const { gate } = masked();
    gate.word = () => "allow";
    const client = await fixture.raw();
    for (const text of [
      "copy people to stdout (encoding 'SJIS')",
      "copy people to stdout (format csv, encoding 'LATIN1', null 'é')",
      "copy people to stdout; set client_encoding = 'SJIS'",
    ]) {
      const { messages } = await ask(client, query(text));
      expect(fields(messages[0]!).D).toContain("mask.copy");
      expect(gate.began.at(-1)?.outcome).toMatchObject({ result: "cancelled" });
    }
  });

  test("in pieces of one byte, both ways", async () => {
    masked();
    fixture.door.piece = () => 1;
    const client = await fixture.raw();
    const { copied: data } = await ask(client, query("copy people to stdout csv"));
    expect(data).toBe(Array.from({ length: 5 }, (_, at) => `${at + 1},"a\t""b"",\\"\n`).join(""));
  });
});

function counter(most: number): RowFilter {
  let left = most;
  return {
    columns: [],
    show: () => undefined,
    row() {
      if (left-- <= 0) throw new PosternError("limit.rows", "Too many.");
    },
  };
}
