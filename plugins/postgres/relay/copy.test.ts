import { describe, expect, test } from "bun:test";
import { PosternError } from "../../../core/plugin.ts";
import { backend, frontend } from "../wire/message.ts";
import { bind, execute, flush, parse, query, sync } from "../wire/query.ts";
import { cstring, message } from "../wire/write.ts";
import { noPostgres, postgresFixture, types } from "./testing/fixture.ts";

const data = (text: string) => message(frontend.copyData, Buffer.from(text));
const done = message(frontend.copyDone);
const fail = message(frontend.copyFail, cstring("enough"));
const copyIn = Buffer.concat([parse("", "copy plain from stdin"), bind("", ""), execute("")]);

const received = (text: string) => ({
  bytes: text.length,
  sha256: new Bun.CryptoHasher("sha256").update(text).digest("hex"),
});

describe.skipIf(noPostgres)("COPY", () => {
  const fixture = postgresFixture();
  const rows = () => fixture.server.sql("select n from plain order by n");

  test("in, as a simple query, two in one text, all at once, with more behind it", async () => {
    const gate = fixture.freshGate();
    const client = await fixture.raw();
    client.send(
      Buffer.concat([
        ...[query("copy plain from stdin; copy plain from stdin"), data("1\n"), sync, data("2\n"), done],
        ...[data("3\n"), done, query("select 1")],
      ]),
    );
    expect(types(await client.until("Z"))).toBe("GCGCZ");
    expect(types(await client.until("Z"))).toBe("TDCZ");
    expect(await rows()).toEqual([["1"], ["2"], ["3"]]);
    expect(gate.began[0]?.outcome).toEqual({ result: "ok", rows: 3, received: received("1\n2\n3\n") });
  });

  for (const answer of [{}, { rows: () => "clear" as const }]) {
    test(`in and out in one text, either first, ${answer.rows ? "looked at" : "unseen"}`, async () => {
      const gate = fixture.freshGate();
      gate.answer = () => answer;
      const client = await fixture.raw();
      client.send(query("copy plain from stdin; copy plain to stdout; copy plain from stdin; select 7"));
      client.send(Buffer.concat([data("1\n"), done, data("2\n"), done]));
      expect(types(await client.until("Z"))).toBe("GCHdcCGCTDCZ");
      client.send(query("copy plain to stdout; copy plain from stdin; copy plain to stdout"));
      client.send(Buffer.concat([data("3\n"), done]));
      expect(types(await client.until("Z"))).toBe("HddcCGCHdddcCZ");
      expect(gate.began.at(-1)?.outcome).toMatchObject({ result: "ok", received: received("3\n") });
      await fixture.server.sql("truncate plain");
    });
  }

  test("a text that nobody here can read, and is none, in the extended protocol", async () => {
    fixture.freshGate().word = () => "allow";
    const client = await fixture.raw();
    const long = `select 1 ${" ".repeat(1_100_000)}`;
    client.send(Buffer.concat([parse("", long), bind("", ""), execute(""), sync]));
    expect(types(await client.until("Z"))).toBe("12DCZ");
  });

  test("in, in a text that nobody here can read", async () => {
    const gate = fixture.freshGate();
    gate.word = () => "allow";
    const client = await fixture.raw();
    client.send(query("set standard_conforming_strings = off; set escape_string_warning = off"));
    await client.until("Z");
    const text = "copy plain from stdin (delimiter '\\t')";
    client.send(Buffer.concat([query(text), data("1\n"), done]));
    expect(types(await client.until("Z"))).toBe("GCZ");
    expect(gate.began.at(-1)?.actions).toEqual(["unknown on *"]);
    client.send(Buffer.concat([parse("", text), bind("", ""), execute(""), data("2\n"), done, sync]));
    expect(types(await client.until("Z"))).toBe("12GCZ");
    expect(await rows()).toEqual([["1"], ["2"]]);
  });

  for (const size of [1, 1 << 20]) {
    test(`in, in the extended protocol: the server swallows Sync and Flush (pieces of ${size})`, async () => {
      const gate = fixture.freshGate();
      fixture.door.piece = () => size;
      const client = await fixture.raw();
      client.send(Buffer.concat([copyIn, sync]));
      expect(types(await client.until("G"))).toBe("12G");
      client.send(Buffer.concat([data("1\n"), flush, sync, data("2\n"), done, sync, query("select 1")]));
      expect(types(await client.until("Z"))).toBe("CZ");
      expect(types(await client.until("Z"))).toBe("TDCZ");
      expect(await rows()).toEqual([["1"], ["2"]]);
      expect(gate.began[0]?.outcome).toEqual({ result: "ok", rows: 2, received: received("1\n2\n") });
    });
  }

  test("in, with a statement behind it in its group that waits until all is answered", async () => {
    fixture.freshGate();
    const client = await fixture.raw();
    const behind = [parse("", "prepare x as select 1"), bind("", ""), execute(""), sync];
    client.send(Buffer.concat([copyIn, data("1\n"), done, ...behind]));
    expect(types(await client.until("Z"))).toBe("12GC12CZ");
  });

  test("in, failed, with bad bytes behind it: the session ends, and so does the work on it", async () => {
    const gate = fixture.freshGate();
    gate.answer = () => ({ rows: () => "clear" });
    const client = await fixture.raw();
    for (let round = 0; round < 5; round++) {
      client.send(query("copy nobody to stdout"));
      await client.until("Z");
    }
    const bad = message(backend.readyForQuery);
    client.send(Buffer.concat([query("copy plain from stdin"), fail, parse("", "select 1"), bad]));
    expect(types(await client.until("the end"))).toMatch(/^GE+Z?E?$/);
    await Promise.all(fixture.door.sessions);
  });

  test("in, failed by the caller or by the data: the session keeps step", async () => {
    fixture.freshGate();
    const client = await fixture.raw();
    client.send(Buffer.concat([copyIn, sync, data("1\n"), fail, sync]));
    expect(types(await client.until("Z"))).toBe("12GEZ");
    client.send(
      Buffer.concat([
        query("copy plain from stdin"),
        data("no number\n"),
        data("2\n"),
        done,
        query("select 1"),
      ]),
    );
    expect(types(await client.until("Z"))).toBe("GEZ");
    expect(types(await client.until("Z"))).toBe("TDCZ");
    client.send(
      Buffer.concat([
        parse("", "copy nobody from stdin"),
        bind("", ""),
        execute(""),
        sync,
        data("1\n"),
        done,
        sync,
      ]),
    );
    expect(types(await client.until("Z"))).toBe("12EZ");
    expect(types(await client.until("Z"))).toBe("Z");
    expect(await rows()).toEqual([]);
  });

  test("in, held: no data leaves before the approval", async () => {
    const gate = fixture.freshGate();
    gate.word = ({ actions }) => (actions.some(({ effect }) => effect === "write") ? "willHold" : "allow");
    for (const send of [query("copy plain from stdin"), Buffer.concat([copyIn, sync])]) {
      const client = await fixture.raw();
      client.send(Buffer.concat([send, data("1\n"), done, sync]));
      await client.until("N");
      expect(await rows()).toEqual([]);
      gate.holds.at(-1)?.approve();
      expect(types(await client.until("Z"))).toMatch(/^(12)?GCZ$/);
      expect(await rows()).toEqual([["1"]]);
      await fixture.server.sql("truncate plain");
    }
  });

  for (const [how, send] of [
    ["simple", query("copy plain from stdin")],
    ["extended", Buffer.concat([copyIn, sync])],
  ] as const) {
    test(`in, its time is up while the caller sends nothing: failed, and the reason told (${how})`, async () => {
      const gate = fixture.freshGate();
      const reason = { code: "limit.statement-time", message: "It took too long." };
      gate.answer = ({ text }) => (text.startsWith("copy") ? { deadline: { after: 50, reason } } : undefined);
      const client = await fixture.raw();
      client.send(send, data("1\n"));
      expect(types(await client.until("G"))).toMatch(/^(12)?G$/);
      const error = (await client.until("E")).at(-1);
      expect(error?.body.toString()).toContain("It took too long.");
      client.send(data("2\n"), done, sync, query("select 1"));
      expect(types(await client.until("D"))).toMatch(/^ZZ?TD$/);
      expect(await rows()).toEqual([]);
      expect(gate.began[0]?.outcome).toMatchObject({ result: "cancelled", received: received("1\n") });
    });
  }

  for (const [how, send] of [
    ["simple", query("copy plain from stdin")],
    ["extended", Buffer.concat([copyIn, sync])],
  ] as const) {
    test(`in, more than a guardrail lets pass: nothing of it is kept (${how})`, async () => {
      const gate = fixture.freshGate();
      const reason = { code: "limit.received", message: "It was sent too much." };
      gate.answer = ({ text }) => (text.startsWith("copy") ? { intake: { most: 4, reason } } : undefined);
      const client = await fixture.raw();
      client.send(send);
      await client.until("G");
      client.send(data("1\n"), data("2\n"), data("3\n"), done, sync);
      const error = (await client.until("E")).at(-1);
      expect(error?.body.toString()).toContain("It was sent too much.");
      client.send(query("select 1"));
      await client.until("D");
      expect(await rows()).toEqual([]);
      expect(gate.began[0]?.outcome).toMatchObject({ result: "cancelled", received: received("1\n2\n") });
      const other = await fixture.raw();
      other.send(send, data("1\n"), data("2\n"), done, sync);
      await other.until("C");
      expect(await rows()).toEqual([["1"], ["2"]]);
    });
  }

  for (const [how, send] of [
    ["simple", query("copy plain from stdin")],
    ["extended", Buffer.concat([copyIn, sync])],
  ] as const) {
    for (const [when, pieces] of [
      ["in its course", ["1\n", "66", "6\n", "2\n"]],
      ["at its end", ["1\n", "666"]],
    ] as const) {
      test(`in, what a guardrail must not let pass, ${when}: nothing of it is kept (${how})`, async () => {
        const gate = fixture.freshGate();
        gate.answer = ({ text }) => {
          if (!text.startsWith("copy")) return undefined;
          let all = "";
          const look = (bytes: Uint8Array) => {
            all += Buffer.from(bytes).toString();
            if (bytes.length === 0 || all.includes("666\n"))
              if (all.includes("666")) throw new PosternError("mask.written-back", "It must not be kept.");
          };
          return { received: look };
        };
        const client = await fixture.raw();
        client.send(send);
        await client.until("G");
        client.send(...pieces.map(data), done, sync);
        const error = (await client.until("E")).at(-1);
        expect(error?.body.toString()).toContain("It must not be kept.");
        client.send(query("select 1"));
        await client.until("D");
        expect(await rows()).toEqual([]);
        expect(gate.began[0]?.outcome).toMatchObject({ result: "cancelled" });
        const other = await fixture.raw();
        other.send(send, data("1\n"), done, sync);
        await other.until("C");
        expect(await rows()).toEqual([["1"]]);
      });
    }
  }

  test("in, denied: neither text nor data reaches the server", async () => {
    const gate = fixture.freshGate();
    gate.word = () => ({ deny: { code: "policy.denied", message: "No." } });
    const client = await fixture.raw();
    client.send(Buffer.concat([query("copy plain from stdin"), data("1\n"), done]));
    expect(types(await client.until("Z"))).toBe("EZ");
    client.send(Buffer.concat([copyIn, sync, data("1\n"), done, sync]));
    expect(types(await client.until("Z"))).toBe("EZ");
    expect(types(await client.until("Z"))).toBe("Z");
    expect(await rows()).toEqual([]);
  });
});
