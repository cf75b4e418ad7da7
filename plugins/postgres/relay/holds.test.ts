import { describe, expect, test } from "bun:test";
import pg from "pg";
import { fields, type RawClient } from "../../../test/raw.ts";
import { cancelKeys } from "../cancel.ts";
import {
  bind,
  close,
  describe as describeMessage,
  execute,
  flush,
  parse,
  query,
  sync,
  terminate,
} from "../wire/query.ts";
import { noPostgres, postgresFixture, types } from "./testing/fixture.ts";

const insert = (n: number) => `insert into held values (${n})`;

describe.skipIf(noPostgres)("holds", () => {
  const fixture = postgresFixture();
  const rows = () => fixture.server.sql("select n from held order by n");
  const group = (n: number) => Buffer.concat([parse("", insert(n)), bind("", ""), execute(""), sync]);

  test("the caller is told at once, and what is approved runs once", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(query(insert(1)));
    const notice = await client.until("N");
    expect(fields(notice[0]!)).toMatchObject({ S: "NOTICE", M: "waits for bob" });
    expect(await rows()).toEqual([]);
    gate.holds[0]?.approve();
    expect(types(await client.until("Z"))).toBe("CZ");
    expect(await rows()).toEqual([["1"]]);
    expect(gate.began).toMatchObject([{ inTransaction: false, outcome: { result: "ok", rows: 1 } }]);
  });

  test("nothing of a held statement is on the server before it is approved, nor ever when it is not", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(group(76543));
    await client.until("N");
    expect(
      await fixture.server.sql(
        "select count(*) from pg_locks l join pg_class c on c.oid = l.relation where c.relname = 'held'",
      ),
    ).toEqual([["0"]]);
    gate.holds[0]?.refuse();
    const answer = await client.until("Z");
    expect([types(answer), fields(answer[0]!).C, fields(answer[0]!).M]).toEqual([
      "EZ",
      "42501",
      "Bob said no.",
    ]);
    expect(fixture.server.logged()).not.toContain("76543");
    client.send(query("select 1"));
    expect(types(await client.until("Z"))).toBe("TDCZ");
  });

  test("executemany is one hold, with all parameters", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    const each = (n: string) =>
      Buffer.concat([bind("", "", [n]), describeMessage({ kind: "portal", name: "" }), execute("")]);
    client.send(
      Buffer.concat([parse("", "insert into held values ($1)"), each("1"), each("2"), each("3"), sync]),
    );
    await client.until("N");
    expect(gate.holds).toHaveLength(1);
    expect(gate.began).toMatchObject([{ batch: 2, parameters: ["1"] }]);
    gate.holds[0]?.approve();
    expect(types(await client.until("Z"))).toBe("12nC2nC2nCZ");
    expect(await rows()).toEqual([["1"], ["2"], ["3"]]);
    expect(gate.began[0]?.outcome).toMatchObject({ result: "ok", rows: 3 });
  });

  test("in the middle of a group earlier answers arrive first, and an earlier error asks nobody", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    const first = Buffer.concat([parse("", "insert into plain values (1)"), bind("", ""), execute("")]);
    client.send(Buffer.concat([first, group(1)]));
    expect(types(await client.until("N"))).toBe("12CN");
    expect(gate.began.at(-1)?.inTransaction).toBe(true);
    gate.holds[0]?.approve();
    expect(types(await client.until("Z"))).toBe("12CZ");
    client.send(
      Buffer.concat([
        parse("", "select 1/(n-1) from generate_series(1, 1) n"),
        bind("", ""),
        execute(""),
        group(2),
      ]),
    );
    expect(types(await client.until("Z"))).toBe("12EZ");
    expect(gate.holds).toHaveLength(1);
  });

  test("a driver that flushes after Parse and Describe keeps no lock while it waits", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(
      Buffer.concat([parse("", insert(1)), describeMessage({ kind: "statement", name: "" }), flush]),
    );
    expect(types(await client.until("n"))).toBe("1tn");
    client.send(Buffer.concat([bind("", ""), execute(""), sync]));
    await client.until("N");
    expect(
      await fixture.server.sql(
        "select count(*) from pg_locks l join pg_class c on c.oid = l.relation where c.relname = 'held'",
      ),
    ).toEqual([["0"]]);
    gate.holds[0]?.approve();
    expect(types(await client.until("Z"))).toBe("2CZ");
    expect(await rows()).toEqual([["1"]]);
  });

  test("cancelled by the caller: 57014 and a session that goes on", async () => {
    const gate = fixture.freshGate();
    const client = new pg.Client({
      ...{ host: "127.0.0.1", port: fixture.door.port, user: "alice", password: "good", database: "orders" },
    });
    await client.connect();
    const waiting = client.query(insert(1)).catch((error: { code: string }) => error.code);
    await gate.held();
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const secret = Buffer.alloc(4);
    secret.writeInt32BE(secretKey);
    await cancelKeys.cancel({ processId: processID, secret });
    expect(await waiting).toBe("57014");
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await client.end();
    expect(await rows()).toEqual([]);
  });

  test("cancelled while it is looked at for its approver: it is withdrawn as soon as it is held", async () => {
    const gate = fixture.freshGate();
    const [begun, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    gate.looks = () => {
      begun.resolve();
      return over.promise;
    };
    const client = await fixture.raw();
    client.send(query(insert(1)));
    await begun.promise;
    await cancelKeys.cancel({ processId: client.key.readInt32BE(0), secret: client.key.subarray(4) });
    over.resolve();
    const answer = await client.until("Z");
    expect(fields(answer.find(({ type }) => type === "E")!).C).toBe("57014");
    expect([gate.withdrawn, await rows()]).toEqual([["cancelled"], []]);
    client.send(query("select 1"));
    expect(types(await client.until("Z"))).toBe("TDCZ");
  });

  const departures: [string, (client: RawClient) => void][] = [
    ["Terminate", (client) => client.send(terminate)],
    ["Terminate behind pipelined messages", (client) => client.send(query("select 1"), group(9), terminate)],
    ["end of file", (client) => client.finish()],
    ["a connection that breaks", (client) => client.close()],
  ];
  for (const [name, leave] of departures) {
    test(`abandoned by ${name}: it never runs`, async () => {
      const gate = fixture.freshGate();
      const client = await fixture.raw();
      client.send(query(insert(1)));
      await client.until("N");
      leave(client);
      await Promise.all(fixture.door.sessions);
      gate.holds[0]?.approve();
      expect(await rows()).toEqual([]);
      expect(gate.withdrawn).toEqual(["abandoned"]);
    });
  }

  test("Terminate that came in one piece with what is held abandons it too", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(Buffer.concat([query(insert(1)), query("select 1"), terminate]));
    await gate.held();
    await Promise.all(fixture.door.sessions);
    expect([gate.withdrawn, await rows()]).toEqual([["abandoned"], []]);
  });

  test("the server's death abandons it, and the caller is told", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(query(insert(1)));
    await client.until("N");
    await fixture.server.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'postern:%'",
    );
    const answer = await client.until("Z");
    expect(fields(answer[0]!)).toMatchObject({ S: "FATAL", C: "57P01" });
    await Promise.all(fixture.door.sessions);
    expect(gate.withdrawn).toEqual(["abandoned"]);
  });

  test("a transaction says so, and the server's idle limit ends it", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(query("begin; set idle_in_transaction_session_timeout = 100"));
    await client.until("Z");
    client.send(query(insert(1)));
    await client.until("N");
    expect(gate.began.at(-1)?.inTransaction).toBe(true);
    expect(fields((await client.until("Z"))[0]!).C).toBe("25P03");
    await Promise.all(fixture.door.sessions);
    expect(await rows()).toEqual([]);
  });

  test("parameters are told as the server describes their types, and by its word for each new meaning of a name", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    const described = (text: string) =>
      Buffer.concat([parse("s", text), describeMessage({ kind: "statement", name: "s" }), sync]);
    const bound = (value: Buffer) =>
      Buffer.concat([bind("", "s", [value]), execute(""), close({ kind: "statement", name: "s" }), sync]);
    for (const [type, value] of [
      ["int8", Buffer.from([0, 0, 0, 0, 0, 0, 0, 7])],
      ["text", Buffer.from("seven")],
    ] as const) {
      client.send(described(`select $1::${type}`));
      await client.until("Z");
      client.send(bound(value));
      expect(types(await client.until("Z"))).toBe("2DC3Z");
    }
    expect(gate.began.map(({ parameters }) => parameters)).toEqual([["7"], ["seven"]]);
  });

  test("a hold nobody foresaw waits too, and what an earlier error skips is not sent", async () => {
    const gate = fixture.freshGate();
    gate.word = () => "allow";
    gate.holdsUnforeseen = ({ text }) => text.startsWith("insert into held values");
    const client = await fixture.raw();
    // So that nobody asks the catalogue meanwhile, and the error comes when the hold is there.
    client.send(query("insert into held select 1 where false"));
    await client.until("Z");
    client.send(
      Buffer.concat([
        parse("", "select 1/(n-1) from generate_series(1, 1) n"),
        bind("", ""),
        execute(""),
        group(1),
      ]),
    );
    await gate.held();
    expect(types(await client.until("E"))).toContain("E");
    gate.holds[0]?.approve();
    await client.until("Z");
    expect(await rows()).toEqual([]);
    expect(gate.began[2]?.outcome).toMatchObject({ result: "cancelled" });
  });
});
