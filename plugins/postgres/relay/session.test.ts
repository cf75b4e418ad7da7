import { describe, expect, test } from "bun:test";
import { fields, message as rawMessage, status } from "../../../test/raw.ts";
import { bind, execute, flush, parse, query, sync } from "../wire/query.ts";
import { noPostgres, postgresFixture, types } from "./testing/fixture.ts";

describe.skipIf(noPostgres)("a session", () => {
  const fixture = postgresFixture();

  test("free texts of errors, notices and notifications pass the guardrail that asked for them", async () => {
    const gate = fixture.freshGate();
    const seen: string[] = [];
    const text = (kind: string, value: string, code?: string) => {
      seen.push(`${kind} ${code ?? ""}`);
      return value.replaceAll(/\S+@\S+?\.com/g, "***");
    };
    gate.answer = () => ({ text });
    gate.forUnasked = { text };
    const client = await fixture.raw();
    const loud =
      "raise notice 'a@b.com'; raise exception 'c@d.com' using detail = 'e@f.com', hint = 'g@h.com'";
    gate.word = () => "allow";
    client.send(query(`do $$ begin ${loud}; end $$`));
    const answer = await client.until("Z");
    expect(types(answer)).toBe("NEZ");
    expect(fields(answer[0]!).M).toBe("***");
    expect(fields(answer[1]!)).toMatchObject({ C: "P0001", M: "***", D: "***" });
    // In place of one that says nothing: why, and what there is to go by.
    expect(fields(answer[1]!).H).toContain("mask.message");
    client.send(query("listen news; notify news, 'x@y.com'"));
    const told = await client.until("Z");
    expect(
      told
        .find(({ type }) => type === "A")
        ?.body.subarray(4)
        .toString(),
    ).toBe("news\0***\0");
    expect(seen).toContain("error P0001");
    expect(seen).toContain("notification ");
  });

  test("texts that nobody changes go through byte for byte", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(query("select 1/0"));
    const plain = (await client.until("E"))[0]!.body;
    gate.answer = () => ({ text: (_, value) => value });
    client.send(query("select 1/0"));
    expect((await client.until("E")).at(-1)!.body.equals(plain)).toBe(true);
  });

  test("strict trail: nothing of an answer leaves before its entry is kept", async () => {
    const gate = fixture.freshGate();
    let keep = () => {};
    let asked = 0;
    gate.ready = () => {
      asked++;
      return new Promise((resolve) => {
        keep = resolve;
      });
    };
    const client = await fixture.raw();
    let arrived = false;
    client.send(query("select 1"));
    const answer = client.until("Z").then((messages) => {
      arrived = true;
      return messages;
    });
    await fixture.server.sql("select 1");
    while (asked === 0) await fixture.server.sql("select 1");
    expect(arrived).toBe(false);
    keep();
    expect(types(await answer)).toBe("TDCZ");
    expect(asked).toBe(1);
  });

  test("ends with the gate's reason as FATAL, between messages", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(query("select 1"));
    await client.until("Z");
    gate.end({ code: "session.killed", message: "An operator ended it." });
    const answer = await client.until("Z");
    expect(fields(answer[0]!)).toMatchObject({ S: "FATAL", C: "57P01", M: "An operator ended it." });
    await Promise.all(fixture.door.sessions);
  });

  test("ends while its statement runs: the outcome is unknown", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(query("select pg_sleep(2)"));
    while (gate.began.length === 0) await fixture.server.sql("select 1");
    client.close();
    await Promise.all(fixture.door.sessions);
    expect(gate.began[0]?.outcome).toEqual({ result: "unknown" });
  });

  test("a message out of place ends it with 08P01", async () => {
    for (const bad of [rawMessage("Z"), rawMessage("p", Buffer.from("x\0")), Buffer.from("Q\0\0\0\x01")]) {
      fixture.freshGate();
      const client = await fixture.raw();
      client.send(bad);
      const answer = await client.until("Z");
      expect(fields(answer[0]!)).toMatchObject({ S: "FATAL", C: "08P01" });
    }
  });

  test("a message of another form than the protocol's fails as on the server, and the session goes on", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    for (const bad of ["DXa\0", "Babc", "Ps\0select 1\0\0\x09", "E", "CS"]) {
      client.send(Buffer.concat([rawMessage(bad.slice(0, 1), Buffer.from(bad.slice(1))), execute(""), sync]));
      const answer = await client.until("Z");
      expect([bad, types(answer), fields(answer[0]!).C]).toEqual([bad, "EZ", "08P01"]);
    }
    client.send(rawMessage("Q", Buffer.from("select 1\0; drop table t\0")));
    expect(types(await client.until("Z"))).toBe("EZ");
    expect(gate.began).toEqual([]);
  });

  test("a length of 4 GB is refused as soon as it is read", async () => {
    fixture.freshGate();
    const client = await fixture.raw();
    client.send(Buffer.from("Q\x7f\xff\xff\xffselect", "latin1"));
    const answer = await client.until("Z");
    expect(fields(answer[0]!).D).toContain("limit.frame");
  });

  test("owes no more answers than its limit, and carries on", async () => {
    fixture.freshGate();
    fixture.door.limits = { owed: 8 };
    const client = await fixture.raw();
    const binds = Array.from({ length: 300 }, () => bind("", ""));
    client.send(Buffer.concat([parse("", "select 1"), ...binds, execute(""), sync]));
    const answer = await client.until("Z");
    expect(types(answer)).toBe(`1${"2".repeat(300)}DCZ`);
  });

  test("the process id is the server's own, by which a client knows whose notification it is", async () => {
    fixture.freshGate();
    const client = await fixture.raw();
    const processId = client.key.readInt32BE(0);
    client.send(query("select pg_backend_pid()::text; listen news; notify news"));
    const answer = await client.until("Z");
    expect(answer.find(({ type }) => type === "D")?.body.toString("utf8", 6)).toBe(String(processId));
    expect(answer.find(({ type }) => type === "A")?.body.readInt32BE(0)).toBe(processId);
  });

  test("settings and status are the server's own", async () => {
    fixture.freshGate();
    const client = await fixture.raw();
    client.send(query("set application_name = 'me'"));
    const answer = await client.until("Z");
    expect(answer.filter(({ type }) => type === "S").map(({ body }) => body.toString())).toEqual([
      "application_name\0me\0",
    ]);
    client.send(Buffer.concat([parse("", "begin"), bind("", ""), execute(""), flush]));
    await client.until("C");
    client.send(sync);
    expect(status(await client.until("Z"))).toBe("T");
  });

  test("in another encoding a text that is not ASCII is unknown", async () => {
    const gate = fixture.freshGate();
    gate.word = () => "allow";
    const client = await fixture.raw();
    client.send(Buffer.concat([query("set client_encoding = 'SJIS'"), query("select 'ü'")]));
    await client.until("Z");
    await client.until("Z");
    expect(gate.began.at(-1)?.actions).toEqual(["unknown on *"]);
  });
});
