import { describe, expect, test } from "bun:test";
import { effects } from "../../../core/plugin.ts";
import { bind, close, describe as describeNamed, execute, parse, query, sync } from "../wire/query.ts";
import { noPostgres, postgresFixture, types } from "./testing/fixture.ts";

const all: ReadonlySet<(typeof effects)[number]> = new Set(effects);
const reads = new Set(["read"] as const);
const insert = "insert into plain values (1)";

/** The gate of these tests allows whatever is asked: what is refused here the server refuses. */
describe.skipIf(noPostgres)("the second lock", () => {
  const fixture = postgresFixture();
  const rows = async () => Number((await fixture.server.sql("select count(*) from plain"))[0]?.[0]);
  const gateThat = (may: ReadonlySet<(typeof effects)[number]>) => {
    const gate = fixture.freshGate();
    gate.session.effects = may;
    gate.word = () => "allow";
    return gate;
  };
  const refusingWriters = () => {
    const gate = gateThat(all);
    gate.word = ({ actions }) =>
      actions.some(({ traits }) => traits?.includes("read-write"))
        ? { deny: { code: "postgres.read-only", message: "It could write." } }
        : "allow";
    return gate;
  };
  /** Sends messages that ask for one ReadyForQuery; the types of what comes. */
  const asker =
    (client: Awaited<ReturnType<typeof fixture.raw>>) =>
    async (...messages: Uint8Array[]) => {
      client.send(...messages);
      return types(await client.until("Z"));
    };
  const run = (text: string) => [parse("", text), bind("", ""), execute("")];

  test("a session that may only read cannot write, in whatever way it tries", async () => {
    gateThat(reads);
    const client = await fixture.pg();
    await fixture.server.sql(
      "create or replace function writes() returns int language plpgsql as 'begin insert into plain values (7); return 1; end'; create or replace view looks as select writes()",
    );
    const code = async (text: string) =>
      client.query(text).then(
        () => "done",
        (error: { code?: string }) => error.code,
      );
    for (const text of [
      insert,
      "select * from looks",
      "with w as (insert into plain values (2) returning n) select * from w",
      "create table other (n int)",
      "reset all; insert into plain values (3)",
      "set role none; insert into plain values (3)",
    ]) {
      expect(await code(text)).toBe("25006");
    }
    for (const text of ["reset all", "discard all", "begin", insert]) await code(text);
    expect(await code("rollback and chain")).toBe("done");
    expect(await code(insert)).toBe("25006");
    expect(await code("rollback")).toBe("done");
    // Out of the gateway's sight it is switched off: it is on again before anything else begins.
    expect(await code("select set_config('default_transaction_read_only', 'off', false)")).toBe("done");
    expect(await code(insert)).toBe("25006");
    expect(await rows()).toBe(0);
    expect(fixture.server.logged()).toContain("cannot execute INSERT in a read-only transaction");
    await fixture.server.sql("drop view looks; drop function writes");
  });

  test("rights that widen open it between two transactions, and those that shrink close it", async () => {
    const gate = gateThat(reads);
    const client = await fixture.raw();
    const ask = async (text: string) => {
      client.send(query(text));
      return types(await client.until("Z"));
    };
    expect(await ask(insert)).toBe("EZ");
    expect(await ask("begin")).toBe("CZ");
    gate.session.effects = all;
    // What has begun stays as it is.
    expect(await ask(insert)).toBe("EZ");
    expect(await ask("rollback")).toBe("CZ");
    expect(await ask(insert)).toBe("CZ");
    gate.session.effects = reads;
    expect(await ask(insert)).toBe("EZ");
    gate.session.effects = new Set(effects);
    client.send(query("select 1"), query(insert), query("select 2"));
    const answers = [await client.until("Z"), await client.until("Z"), await client.until("Z")];
    expect(answers.map(types)).toEqual(["TDCZ", "CZ", "TDCZ"]);
    expect(await rows()).toBe(2);
  });

  test("an unnamed statement that is still used is not lost for it", async () => {
    const gate = gateThat(reads);
    const client = await fixture.raw();
    client.send(parse("", "select 5"), sync);
    expect(types(await client.until("Z"))).toBe("1Z");
    gate.session.effects = all;
    const run = [bind("", ""), execute(""), sync];
    client.send(...run, ...run);
    expect(types(await client.until("Z"))).toBe("2DCZ");
    expect(types(await client.until("Z"))).toBe("2DCZ");
    client.send(parse("", insert), ...run);
    expect(types(await client.until("Z"))).toBe("12CZ");
    expect(await rows()).toBe(1);
  });

  test("a group that is open stays as it began, and the next one is open", async () => {
    const gate = gateThat(reads);
    const client = await fixture.raw();
    client.send(parse("one", insert), bind("", "one"));
    gate.session.effects = all;
    client.send(execute(""), sync);
    expect(types(await client.until("Z"))).toMatch(/^12[EC]Z$/);
    client.send(parse("two", insert), bind("", "two"), execute(""), sync);
    expect(types(await client.until("Z"))).toBe("12CZ");
  });

  test("a transaction that may write is the last one, however the next one begins", async () => {
    const gate = refusingWriters();
    const client = await fixture.raw();
    const ask = asker(client);
    const kept = [];
    for (const next of [
      [query("commit and chain")],
      [query("rollback and chain")],
      [query("commit; begin")],
      [query(`commit; ${insert}`)],
      [query("end transaction; select 1")],
      [...run("commit and chain"), sync],
      [...run("commit"), ...run("begin"), sync],
      [...run("rollback"), ...run(insert), sync],
    ]) {
      gate.session.effects = new Set(effects);
      expect(await ask(query("begin"))).toBe("CZ");
      expect(await ask(query("select 1"))).toBe("TDCZ");
      gate.session.effects = new Set(["read"]);
      kept.push(await ask(...next));
      await ask(query(insert));
      await ask(query("commit"));
    }
    expect(await rows()).toBe(0);
    expect(kept).toEqual(["EZ", "EZ", "EZ", "EZ", "EZ", "12EZ", "12C12EZ", "12C12EZ"]);
    // What ends it and nothing else is as ever, and so is what begins under the lock.
    expect(await ask(query("begin"))).toBe("CZ");
    expect(await ask(query("commit and chain"))).toBe("CZ");
    expect(await ask(...run("rollback"), ...run("begin"), sync)).toBe("12C12CZ");
    expect(await ask(query("rollback; begin; rollback"))).toBe("CCCZ");
  });

  test("whatever a group begins with, and whatever is still prepared, it is closed for it", async () => {
    const gate = gateThat(all);
    const client = await fixture.raw();
    const ask = asker(client);
    await ask(query("create temp table t (n int); declare held cursor with hold for select 1"));
    await ask(parse("one", insert), sync);
    for (const first of [
      [close({ kind: "statement", name: "none" })],
      [describeNamed({ kind: "statement", name: "one" })],
      [execute("held")],
      [],
    ]) {
      await ask(parse("", "select 1"), sync);
      gate.session.effects = new Set(["read"]);
      expect(await ask(...first, bind("", "one"), execute(""), sync)).toMatch(/2EZ$/);
      expect(await ask(...first, bind("", "one"), execute(""), sync)).toMatch(/2EZ$/);
      gate.session.effects = new Set(effects);
      expect(await ask(query("select 1"))).toBe("TDCZ");
    }
    expect(await rows()).toBe(0);
  });

  test("what a session goes back to that could write once is not what it was", async () => {
    const gate = refusingWriters();
    const client = await fixture.raw();
    const ask = asker(client);
    gate.session.effects = reads;
    for (const reset of ["reset all", "discard all"]) {
      client.send(query(reset), query(insert));
      expect([types(await client.until("Z")), types(await client.until("Z"))]).toEqual(["CZ", "EZ"]);
    }
    expect(await ask(query(`reset all; commit; ${insert}`))).toBe("EZ");
    expect(await ask(query(`reset all; commit; begin`))).toBe("EZ");
    await ask(query("rollback"));
    await ask(...run("reset all"), ...run("commit"), ...run(insert), sync);
    await ask(...run("discard all"), ...run(insert), sync);
    expect([await ask(query("begin")), await ask(query("reset all"))]).toEqual(["CZ", "CZ"]);
    expect(await ask(query("commit and chain"))).toBe("EZ");
    await ask(query("commit"));
    expect(await ask(query(insert))).toBe("EZ");
    expect(await rows()).toBe(0);
  });
});
