import { describe, expect, test } from "bun:test";
import { bind, execute, parse, query, sync, terminate } from "../wire/query.ts";
import { noPostgres, postgresFixture, types } from "./testing/fixture.ts";

/** Longer than what is read at once: others are not kept waiting for it. */
const rows = 3_000;
const bulk = `insert into plain values ${Array.from({ length: rows }, (_, at) => `(${at})`).join(",")}`;
const secret = `${bulk}; select * from secret`;

describe.skipIf(noPostgres)("a long text", () => {
  const fixture = postgresFixture();
  const count = async () => Number((await fixture.server.sql("select count(*) from plain"))[0]?.[0]);

  test("is decided, held and run as a short one, in both protocols", async () => {
    const gate = fixture.freshGate();
    gate.wantsStores = true;
    gate.wantsPredicates = true;
    const client = await fixture.raw();
    const ask = async (...messages: Uint8Array[]) => {
      client.send(...messages);
      return types(await client.until("Z"));
    };
    expect(await ask(query(bulk))).toBe("CZ");
    expect(await ask(parse("", bulk), bind("", ""), execute(""), sync)).toBe("12CZ");
    expect(await ask(parse("many", bulk), sync)).toBe("1Z");
    expect(await ask(bind("", "many"), execute(""), bind("", "many"), execute(""), sync)).toBe("2C2CZ");
    expect(await count()).toBe(4 * rows);
    expect(await ask(query(secret))).toBe("EZ");
    expect(await ask(parse("", `select * from secret -- ${"x".repeat(9_000)}`), sync)).toBe("EZ");
    expect(await ask(query(`select 1${"+1".repeat(30_000)}`))).toBe("EZ");
    expect(await count()).toBe(4 * rows);
    gate.onHold = (hold) => hold.approve();
    expect(await ask(query(bulk.replaceAll("plain", "held")))).toBe("NCZ");
    // What a name means is read anew under another search_path.
    expect(await ask(query("set search_path = public"))).toBe("CZ");
    expect(await ask(bind("", "many"), execute(""), sync)).toBe("2CZ");
    expect(gate.began.at(-1)?.actions).toEqual(["write on *.plain"]);
  }, 30_000);

  test("of a caller that leaves behind it runs, as it would directly", async () => {
    fixture.freshGate();
    const client = await fixture.raw();
    client.send(query(bulk), terminate);
    await Promise.all(fixture.door.sessions);
    expect(await count()).toBe(rows);
  });

  test("waits in pieces, and what comes behind it waits in order", async () => {
    fixture.freshGate();
    fixture.door.piece = () => 1_000;
    const client = await fixture.raw();
    client.send(query("select 1"), query(bulk), query("select count(*) from plain"));
    const answers = [await client.until("Z"), await client.until("Z"), await client.until("Z")];
    expect(answers.map(types)).toEqual(["TDCZ", "CZ", "TDCZ"]);
    expect(answers[2]?.find(({ type }) => type === "D")?.body.toString()).toContain(String(rows));
  });
});
