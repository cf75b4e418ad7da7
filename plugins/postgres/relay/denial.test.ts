import { describe, expect, test } from "bun:test";
import { fields, status } from "../../../test/raw.ts";
import { bind, close, describe as describeMessage, execute, parse, query, sync } from "../wire/query.ts";
import { int16, int32, message } from "../wire/write.ts";
import { noPostgres, postgresFixture, types } from "./testing/fixture.ts";

const statement = (name: string) => ({ kind: "statement", name }) as const;

describe.skipIf(noPostgres)("denial by replacement", () => {
  const fixture = postgresFixture();

  test("a denied Query fails on the server with nothing of its text, and the error says why", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(query("delete from secret where n = 987654"));
    const answer = await client.until("Z");
    expect(types(answer)).toBe("EZ");
    expect(fields(answer[0]!)).toMatchObject({
      S: "ERROR",
      C: "42501",
      M: "No rule allows it.",
      D: "Rule: rules[0]. Code: policy.denied. Session: ses_test.",
    });
    expect(status(answer)).toBe("I");
    expect(fixture.server.logged()).not.toContain("987654");
    expect(gate.began).toMatchObject([{ text: "delete from secret where n = 987654", denied: true }]);
  });

  test("where a refused text could not be read its error says so, in both protocols", async () => {
    const reason = { code: "policy.denied", message: "No rule allows it." };
    const gate = fixture.freshGate();
    const words: (string | undefined)[] = [];
    gate.word = ({ unclear }) => {
      words.push(unclear?.());
      return unclear ? { deny: reason } : "allow";
    };
    const client = await fixture.raw();
    client.send(query("select 'é'; selec 987654"));
    const simple = await client.until("Z");
    expect(fields(simple[0]!)).toMatchObject({ C: "42501", P: "13" });
    client.send(Buffer.concat([parse("", "select 1 from where"), bind("", ""), execute(""), sync]));
    const extended = await client.until("Z");
    expect(types(extended)).toBe("EZ");
    expect(fields(extended[0]!)).toMatchObject({ C: "42501", P: "15" });
    expect(words).toEqual(['syntax error at or near "selec"', 'syntax error at or near "where"']);
    client.send(query("select 1"));
    expect(types(await client.until("Z"))).toBe("TDCZ");
    expect(fixture.server.logged()).not.toContain("987654");
  });

  test("in a transaction the server itself rolls back, and says E until the caller does", async () => {
    fixture.freshGate();
    const client = await fixture.raw();
    client.send(query("begin; insert into plain values (1)"));
    await client.until("Z");
    client.send(query("select n from secret"));
    expect(status(await client.until("Z"))).toBe("E");
    client.send(query("commit"));
    expect(status(await client.until("Z"))).toBe("I");
    expect(await fixture.server.sql("select n from plain")).toEqual([]);
  });

  test("in a pipeline all since the last Sync is rolled back and nothing behind it is decided", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(
      Buffer.concat([
        ...[parse("", "insert into plain values (1)"), bind("", ""), execute(""), sync],
        ...[parse("", "insert into plain values (2)"), bind("", ""), execute("")],
        ...[parse("", "select n from secret"), bind("", ""), execute("")],
        ...[parse("", "insert into plain values (3)"), bind("", ""), execute(""), sync],
        ...[parse("", "insert into plain values (4)"), bind("", ""), execute(""), sync],
      ]),
    );
    const answer = [...(await client.until("Z")), ...(await client.until("Z")), ...(await client.until("Z"))];
    expect(types(answer)).toBe("12CZ12CEZ12CZ");
    expect(await fixture.server.sql("select n from plain order by n")).toEqual([["1"], ["4"]]);
    expect(gate.began.map(({ text }) => text)).not.toContain("insert into plain values (3)");
    expect(gate.began[1]?.outcome).toMatchObject({ result: "ok", rows: 1 });
  });

  test("what an earlier error skips has an outcome: it never ran", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(
      Buffer.concat([
        ...[parse("", "select 1/(n-1) from generate_series(1, 1) n"), bind("", ""), execute("")],
        ...[parse("", "insert into plain values (2)"), bind("", ""), execute(""), sync],
      ]),
    );
    expect(types(await client.until("Z"))).toBe("12EZ");
    expect(gate.began.map(({ outcome }) => outcome)).toMatchObject([
      { result: "error", code: "22012" },
      { result: "cancelled" },
    ]);
  });

  test("a denied Parse leaves a grave: later uses of the name get the reason", async () => {
    fixture.freshGate();
    const client = await fixture.raw();
    client.send(Buffer.concat([parse("s", "select n from secret"), sync]));
    await client.until("Z");
    client.send(Buffer.concat([bind("", "s"), execute(""), sync]));
    let answer = await client.until("Z");
    expect([types(answer), fields(answer[0]!).C]).toEqual(["EZ", "42501"]);
    client.send(Buffer.concat([describeMessage(statement("s")), sync]));
    answer = await client.until("Z");
    expect([types(answer), fields(answer[0]!).C]).toEqual(["EZ", "42501"]);
    client.send(Buffer.concat([close(statement("s")), bind("", "s"), sync]));
    answer = await client.until("Z");
    expect([types(answer), fields(answer[1]!).C]).toEqual(["3EZ", "26000"]);
  });

  test("a statement is decided again when the policy changed after its Parse", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(Buffer.concat([parse("s", "insert into plain values (1)"), sync]));
    await client.until("Z");
    gate.version = "2";
    gate.word = () => ({ deny: { code: "policy.denied", message: "Not any more." } });
    client.send(Buffer.concat([bind("", "s"), execute(""), sync]));
    const answer = await client.until("Z");
    expect([types(answer), fields(answer[0]!).M]).toEqual(["EZ", "Not any more."]);
    expect(await fixture.server.sql("select n from plain")).toEqual([]);
  });

  test("a function call by number is what the catalogue says of it, or unknown and never reaches the server", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    // set_config, whose arguments nobody reads; random; one that nobody made; lo_creat.
    for (const [oid, answer, action] of [
      [2078, "EZ", "unknown on function 2078"],
      [1598, "VZ", "read on (none)"],
      [9, "EZ", "unknown on function 9"],
    ] as const) {
      client.send(message(0x46, int32(oid), int16(0), int16(0), int16(0)));
      const answered = await client.until("Z");
      expect([types(answered), gate.began.at(-1)?.actions]).toEqual([answer, [action]]);
      if (answer === "EZ") expect(fields(answered[0]!).C).toBe("42501");
    }
    client.send(message(0x46, int32(957), int16(1), int16(1), int16(1), int32(4), int32(-1), int16(1)));
    expect(types(await client.until("Z"))).toBe("VZ");
    expect(gate.began.at(-1)?.actions).toEqual(["execute on pg_catalog.lo_creat"]);
  });

  test("an empty query is no operation to refuse", async () => {
    fixture.freshGate();
    const client = await fixture.raw();
    client.send(query(""));
    expect(types(await client.until("Z"))).toBe("IZ");
    client.send(Buffer.concat([parse("", ""), bind("", ""), execute(""), sync]));
    expect(types(await client.until("Z"))).toBe("12IZ");
  });
});
