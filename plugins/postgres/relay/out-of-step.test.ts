import { beforeAll, describe, expect, test } from "bun:test";
import type { Answer } from "../../../core/plugin.ts";
import { Random } from "../../../test/fuzz.ts";
import { loadParser } from "../sql/index.ts";
import { backend, frontend } from "../wire/message.ts";
import { bind, describe as describeMessage, execute, parse, query, sync } from "../wire/query.ts";
import { errorResponse, noticeResponse } from "../wire/report.ts";
import { dataRow, rowDescriptionMessage } from "../wire/rows.ts";
import { commandComplete, parameterStatus, readyForQuery } from "../wire/session.ts";
import { message } from "../wire/write.ts";
import { memorySession } from "./testing/memory.ts";

const field = {
  ...{ name: "email", tableOid: 0, column: 0, typeOid: 25, typeSize: -1, typmod: -1 },
  format: "text",
} as const;
const description = rowDescriptionMessage([field]);
const ready = readyForQuery(0x49);
const parsed = message(backend.parseComplete);
const bound = message(backend.bindComplete);
const secret = dataRow(["SECRET"]);
const group = Buffer.concat([
  parse("", "select 1"),
  bind("", ""),
  describeMessage({ kind: "portal", name: "" }),
  execute(""),
  sync,
]);

beforeAll(loadParser);

describe("an answer that does not fit ends the session", () => {
  const cases: Record<string, [asked: Uint8Array, answer: Uint8Array]> = {
    "of nothing": [Buffer.alloc(0), commandComplete("SELECT 1")],
    "an error of nothing": [Buffer.alloc(0), errorResponse({ message: "x" })],
    "ready too early": [group, Buffer.concat([parsed, ready])],
    "BindComplete for Parse": [group, bound],
    "rows for Parse": [group, secret],
    "ParseComplete twice": [group, Buffer.concat([parsed, parsed])],
    "a description for Execute": [group, Buffer.concat([parsed, bound, description, description])],
    "rows for Sync": [
      group,
      Buffer.concat([parsed, bound, description, commandComplete("SELECT 0"), secret]),
    ],
    "a new key": [query("select 1"), message(backend.backendKeyData, Buffer.alloc(8))],
    "authentication again": [query("select 1"), message(backend.authentication, Buffer.alloc(4))],
    replication: [query("select 1"), message(backend.copyBothResponse, Buffer.alloc(3))],
    "COPY nobody announced": [query("select 1"), message(backend.copyInResponse, Buffer.alloc(3))],
    "a status nobody knows": [query("select 1"), message(backend.readyForQuery, Buffer.from("X"))],
    "a length of 3": [query("select 1"), Buffer.from([backend.dataRow, 0, 0, 0, 3])],
  };
  for (const [name, [asked, answer]] of Object.entries(cases)) {
    test(name, async () => {
      const { caller, server, gate, over } = memorySession();
      caller.arrive(asked);
      server.arrive(answer, secret);
      await over;
      expect(gate.signal.reason).toMatchObject({ code: "postgres.protocol" });
      expect(caller.written.toString("latin1")).toContain("FATAL");
      expect(caller.written.toString("latin1")).not.toContain("SECRET");
      expect([caller.closed, server.closed]).toEqual([true, true]);
      for (const { outcome } of gate.began) expect(outcome?.result).toMatch(/unknown|ok/);
    });
  }
});

describe("rows that must be looked at", () => {
  const seen: Answer = { rows: () => "withhold" };

  test("never pass before their description", async () => {
    const { caller, server, gate, over } = memorySession();
    gate.answer = () => seen;
    caller.arrive(query("select 1"));
    server.arrive(secret);
    await over;
    expect(caller.written.toString("latin1")).not.toContain("SECRET");
  });

  test("never pass as COPY that the text did not announce", async () => {
    const { caller, server, gate, over } = memorySession();
    gate.answer = () => seen;
    caller.arrive(query("select 1"));
    server.arrive(
      message(backend.copyOutResponse, Buffer.alloc(3)),
      message(backend.copyData, Buffer.from("SECRET")),
    );
    await over;
    expect(caller.written.toString("latin1")).not.toContain("SECRET");
  });

  test("never leave, whatever else a server sends in whatever pieces", () => {
    const random = new Random(11);
    const answers = [
      ...[parsed, bound, description, secret, secret, secret, ready, commandComplete("SELECT 1")],
      ...[noticeResponse({ message: "n" }), parameterStatus("TimeZone", "UTC"), message(backend.noData)],
      ...[message(backend.portalSuspended), errorResponse({ message: "e", code: "22012" })],
    ];
    for (let run = 0; run < 600; run++) {
      const { caller, server, gate } = memorySession();
      gate.answer = () => seen;
      for (let step = 0; step < 12; step++) {
        if (random.chance(40)) caller.arrive(random.of([group, query("select 1"), sync]));
        const bytes = Buffer.from(random.of(answers as [Buffer, ...Buffer[]]));
        const cut = random.upTo(bytes.length + 1);
        server.arrive(bytes.subarray(0, cut));
        server.arrive(bytes.subarray(cut));
      }
      expect(caller.written.toString("latin1")).not.toContain("SECRET");
      caller.hangUp();
    }
  });
});

test("random bytes from a caller end in an error or wait for more, and reach no server", async () => {
  const random = new Random(5);
  for (let run = 0; run < 400; run++) {
    const { caller, server, gate } = memorySession({ frame: 1000 });
    gate.word = () => ({ deny: { code: "policy.denied", message: "No." } });
    for (let chunk = 0; chunk < 4; chunk++) {
      const bytes = Buffer.from(Array.from({ length: random.upTo(60) }, () => random.upTo(256)));
      if (bytes.length > 5 && random.chance(70)) {
        bytes[0] = random.of(Object.values(frontend) as [number, ...number[]]);
        bytes.writeInt32BE(random.upTo(40), 1);
      }
      caller.arrive(bytes);
    }
    expect(server.types.replaceAll(/[XSHPBDCQFE]/g, "")).toBe("");
    caller.hangUp();
  }
});

test("a caller that is gone is not waited for", async () => {
  const { caller, server, gate, over } = memorySession();
  caller.arrive(query("select 1"));
  caller.hangUp();
  await over;
  expect(gate.began[0]?.outcome).toEqual({ result: "unknown" });
  expect(server.types).toBe("QX");
});

test("a server that is gone without a word is told of as 08001", async () => {
  const { caller, server, over } = memorySession();
  caller.arrive(query("select 1"));
  server.hangUp();
  await over;
  expect(caller.written.toString("latin1")).toContain("C08001");
});

test("a search_path that the server says has changed makes names without a schema anybody's", () => {
  for (const [path, read] of [
    ["hr", "read *.orders"],
    ["hr, pg_catalog", "unknown *"],
  ] as const) {
    const { caller, server, gate } = memorySession();
    const seen: string[] = [];
    gate.word = ({ actions }) => {
      seen.push(...actions.map(({ effect, on }) => `${effect} ${on}`));
      return "allow";
    };
    caller.arrive(query("select * from orders"));
    server.arrive(commandComplete("SELECT 0"), parameterStatus("search_path", path), ready);
    caller.arrive(query("select * from orders"));
    expect(seen).toEqual(["read public.orders", read]);
    caller.hangUp();
  }
});
