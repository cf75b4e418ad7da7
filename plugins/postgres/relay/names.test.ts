import { describe, expect, test } from "bun:test";
import { fields, type Message } from "../../../test/raw.ts";
import { bind, close, execute, parse, query, sync } from "../wire/query.ts";
import { Names, uncertain } from "./names.ts";
import { noPostgres, postgresFixture, types } from "./testing/fixture.ts";

describe("Names", () => {
  test("mean their own group's definition at once, another group's only when it is answered", () => {
    const names = new Names<{ is: string }>();
    const first = { is: "first" };
    names.define("s", first, 1);
    expect(names.find("s", 1)).toBe(first);
    expect(names.find("s", 2)).toBe(uncertain);
    names.confirm("s", first);
    expect(names.find("s", 2)).toBe(first);
  });

  test("fall back to what was sure when a definition is refused or skipped", () => {
    const names = new Names<{ is: string }>();
    const first = { is: "first" };
    for (const name of ["", "s"]) {
      names.set(name, first);
      names.define(name, { is: "second" }, 2);
      names.define(name, undefined, 3);
      expect(names.find(name, 2)).toBe(uncertain);
      names.forget(name);
      expect(names.find(name, 4)).toBe(uncertain);
      names.forget(name);
      expect(names.find(name, 4)).toBe(first);
    }
    expect(names.size).toBe(1);
  });
});

describe.skipIf(noPostgres)("a name means what the server confirmed", () => {
  const fixture = postgresFixture();
  const held = "insert into held values (1)";

  /** The group that would run `s` or "" if the relay took it for harmless; nobody approves. */
  async function neverRuns(name: string, ...before: readonly Uint8Array[]): Promise<void> {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(Buffer.concat([...before, bind("", name), execute(""), sync]));
    await gate.held();
    expect(gate.holds).toHaveLength(1);
    expect(gate.began.at(-1)?.text).toStartWith("insert into held");
    gate.holds[0]?.refuse();
    const seen: Message[] = [];
    while (seen.at(-1)?.type !== "E" || fields(seen.at(-1)!).C !== "42501")
      seen.push(...(await client.until("E")));
    await client.until("Z");
    expect(await fixture.server.sql("select n from held")).toEqual([]);
  }

  test("not what a Parse that failed (42P05) would have made it", () =>
    neverRuns("s", parse("s", held), sync, parse("s", "select 1"), sync));

  test("not what a skipped unnamed Parse would have made it", () =>
    neverRuns("", parse("", held), sync, parse("x", "selec"), parse("", "select 1"), sync));

  test("not what a Close that was skipped, and the Parse behind it, would have made it", () =>
    neverRuns(
      "s",
      ...[parse("s", held), sync],
      ...[parse("x", "selec"), close({ kind: "statement", name: "s" }), parse("s", "select 1"), sync],
    ));

  test("names longer than the server compares are one name", () => {
    const long = "n".repeat(63);
    return neverRuns(`${long}b`, parse(`${long}a`, held), sync, parse(`${long}c`, "select 1"), sync);
  });

  test("SQL's PREPARE shares the names: DEALLOCATE; PREPARE shadows a Parse", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(Buffer.concat([parse("s", "select 1"), sync]));
    await client.until("Z");
    gate.onHold = (hold) => (gate.holds.length === 1 ? hold.approve() : hold.refuse());
    client.send(query(`deallocate s; prepare s as ${held}`));
    await client.until("Z");
    client.send(Buffer.concat([bind("", "s"), execute(""), sync]));
    const answer = await client.until("Z");
    expect(types(answer)).toBe("NEZ");
    expect(gate.holds).toHaveLength(2);
    expect(await fixture.server.sql("select n from held")).toEqual([]);
  });

  test("SQL's EXECUTE is what it runs, also through another EXECUTE", async () => {
    const gate = fixture.freshGate();
    gate.onHold = (hold) => hold.refuse();
    const client = await fixture.raw();
    client.send(Buffer.concat([parse("s", held), sync, parse("t", "execute s"), sync]));
    await client.until("Z");
    await client.until("Z");
    for (const text of ["execute s", "execute t", "explain analyze execute s"]) {
      client.send(query(text));
      const answer = await client.until("Z");
      expect(types(answer)).toBe("NEZ");
      expect(gate.began.at(-1)?.text).toContain(held);
    }
    client.send(query("execute nobody"));
    expect(fields((await client.until("Z"))[0]!).C).toBe("42501");
    expect(await fixture.server.sql("select n from held")).toEqual([]);
  });

  test("a setting changed through EXECUTE counts for the texts behind it", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(Buffer.concat([parse("s", "set standard_conforming_strings = off"), sync]));
    await client.until("Z");
    client.send(
      Buffer.concat([query("execute s"), query("select '\\''; insert into secret values (1) --'")]),
    );
    await client.until("Z");
    const answer = await client.until("Z");
    expect([types(answer), fields(answer[0]!).C]).toEqual(["EZ", "42501"]);
    expect(gate.began.at(-1)?.denied).toBe(true);
    expect(await fixture.server.sql("select n from secret")).toEqual([]);
  });

  test("FETCH reads what its cursor was declared for; from a portal of the protocol it is unknown", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(query("begin; declare c cursor for select n from plain"));
    await client.until("Z");
    client.send(query("fetch all from c"));
    expect(types(await client.until("Z"))).toBe("TCZ");
    client.send(Buffer.concat([parse("s", "select 1"), bind("p", "s"), sync]));
    await client.until("Z");
    client.send(query("fetch all from p"));
    expect(fields((await client.until("Z"))[0]!).C).toBe("42501");
    expect(gate.began.at(-1)).toMatchObject({ text: "fetch all from p", denied: true });
  });

  test("a search_path set after Parse makes the statement another", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(
      Buffer.concat([parse("s", "select n from plain"), sync, query("set search_path = other, public")]),
    );
    await client.until("Z");
    await client.until("Z");
    gate.word = ({ actions }) =>
      actions.some(({ on }) => on.startsWith("*."))
        ? { deny: { code: "policy.denied", message: "Whose plain?" } }
        : "allow";
    client.send(Buffer.concat([bind("", "s"), execute(""), sync]));
    expect(fields((await client.until("Z"))[0]!).M).toBe("Whose plain?");
  });

  test("there is a limit to names", async () => {
    fixture.freshGate();
    fixture.door.limits = { statements: 2 };
    const client = await fixture.raw();
    client.send(Buffer.concat([...["a", "b", "c"].map((name) => parse(name, "select 1")), sync]));
    const answer = await client.until("Z");
    expect([types(answer), fields(answer[2]!).C]).toEqual(["11EZ", "54000"]);
  });
});
