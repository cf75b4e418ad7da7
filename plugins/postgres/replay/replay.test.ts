import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Recorded } from "../../../core/plugin.ts";
import { sampled } from "../../../test/fuzz.ts";
import { backend, status } from "../wire/message.ts";
import { errorResponse, noticeResponse } from "../wire/report.ts";
import { dataRow, type RowField, rowDescriptionMessage } from "../wire/rows.ts";
import { commandComplete, notificationResponse, readyForQuery } from "../wire/session.ts";
import { message } from "../wire/write.ts";
import { replay } from "./index.ts";

const field = (name: string, typeOid = 25, format: RowField["format"] = "text"): RowField => ({
  name,
  tableOid: 0,
  column: 0,
  typeOid,
  typeSize: -1,
  typmod: -1,
  format,
});

/** The same bytes in chunks of every size must show the same. */
function shown(...parts: (Uint8Array | { name: string; data: unknown })[]): string {
  const play = (size: number) => {
    const player = replay();
    return parts
      .flatMap((part): Recorded[] => {
        if (!(part instanceof Uint8Array)) return [{ at: 0, kind: "event", ...part }];
        const chunks: Recorded[] = [];
        for (let at = 0; at < part.length; at += size) {
          chunks.push({ at: 0, kind: "bytes", bytes: part.subarray(at, at + size) });
        }
        return chunks;
      })
      .map((event) => player.show(event))
      .join("");
  };
  const whole = play(Number.POSITIVE_INFINITY);
  for (const size of [1, 2, 3, 5, 7, 64]) expect(play(size)).toBe(whole);
  return whole;
}

const ready = readyForQuery(status.idle);

test("a result is aligned as psql does, numbers to the right", () => {
  const text = shown(
    { name: "operation", data: { text: "select id, email\nfrom customers", parameters: ["7", null] } },
    Buffer.concat([
      rowDescriptionMessage([field("id", 23), field("email")]),
      dataRow(["1", "a***@example.com"]),
      dataRow(["12", null]),
      commandComplete("SELECT 2"),
      ready,
    ]),
  );
  expect(text).toBe(
    [
      "=> select id, email",
      "from customers",
      "   $1 = '7'",
      "   $2 = NULL",
      " id |      email",
      "----+------------------",
      "  1 | a***@example.com",
      " 12 |",
      "(2 rows)",
      "",
      "",
    ].join("\n"),
  );
});

test("tags, errors, notices and notifications are shown, an empty result too", () => {
  const text = shown(
    Buffer.concat([
      commandComplete("UPDATE 3"),
      rowDescriptionMessage([field("n")]),
      commandComplete("SELECT 0"),
      noticeResponse({ message: "held", hint: "postern approvals" }),
      errorResponse({ code: "42501", message: "no", detail: "Rule: r." }),
      notificationResponse({ processId: 1, channel: "c", payload: "p" }),
      message(backend.copyData, Buffer.from("1\ta\u001bb\n")),
    ]),
  );
  expect(text).toBe(
    [
      "UPDATE 3",
      " n",
      "---",
      "(0 rows)",
      "",
      "NOTICE:  held",
      "HINT:  postern approvals",
      "ERROR:  42501: no",
      "DETAIL:  Rule: r.",
      'Notification "c" with payload "p"',
      "1\ta\\x1bb",
      "",
    ].join("\n"),
  );
});

test("of a COPY in the binary format only the length is shown", () => {
  const copied = (format: number) =>
    shown(
      message(backend.copyOutResponse, Buffer.of(format, 0, 1, 0, format)),
      message(backend.copyData, Buffer.from("PGCOPY\n")),
    );
  expect([copied(1), copied(0)]).toEqual(["(7 bytes)\n", "PGCOPY\n"]);
});

test("binary values are read where their type is known, and columns that nobody described are numbered", () => {
  const eight = Buffer.alloc(8);
  eight.writeBigInt64BE(-5n);
  const text = shown(
    Buffer.concat([
      rowDescriptionMessage([field("b", 20, "binary"), field("x", 999, "binary"), field("t", 25, "binary")]),
      dataRow([eight, Buffer.of(0xab), "é"]),
      commandComplete("SELECT 1"),
      dataRow(["again", "not", "described"]),
      commandComplete("SELECT 1"),
    ]),
  );
  expect(text).toContain(" -5 | \\xab | é\n");
  expect(text).toContain("   1   |  2  |     3\n");
});

test("no recorded value speaks to the terminal", () => {
  const evil = "\u001b]0;owned\u0007\u009b2J\r\u202e";
  const text = shown(
    { name: "operation", data: { text: evil, parameters: [evil], batch: [{ text: evil }] } },
    Buffer.concat([
      rowDescriptionMessage([field(evil)]),
      dataRow([evil]),
      commandComplete(`SELECT ${evil}`),
      errorResponse({ severity: evil, code: evil, message: evil, detail: evil }),
      notificationResponse({ processId: 1, channel: evil, payload: evil }),
    ]),
  );
  expect(text).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
});

test("a long result comes in blocks under one header, a broken stream ends in words", () => {
  const rows = Array.from({ length: 1_200 }, (_, index) => dataRow([String(index)]));
  const player = replay();
  const bytes = Buffer.concat([
    rowDescriptionMessage([field("n", 23)]),
    ...rows,
    commandComplete("SELECT 1200"),
  ]);
  const text = player.show({ at: 0, kind: "bytes", bytes });
  expect(text.match(/^\s+n$/gm)?.length).toBe(1);
  expect(text).toEndWith(" 1199\n(1200 rows)\n\n");
  const broken = rowDescriptionMessage([field("n")]).fill(0xff, 5);
  expect(player.show({ at: 0, kind: "bytes", bytes: broken })).toContain("cannot be shown");
  expect(player.show({ at: 0, kind: "bytes", bytes })).toBe("");
});

test("whatever was recorded, showing it does not fail", () => {
  const letters = fc.constantFrom(...Buffer.from("TDCEsNAdZIHG"));
  const message = fc.tuple(letters, fc.uint8Array({ maxLength: 40 })).map(([type, body]) => {
    const header = Buffer.alloc(5, type);
    header.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([header, body]);
  });
  fc.assert(
    fc.property(
      fc.array(fc.oneof(message, fc.uint8Array({ maxLength: 20 }))),
      fc.jsonValue(),
      (chunks, data) => {
        const player = replay();
        player.show({ at: 0, kind: "event", name: "operation", data });
        for (const bytes of chunks) {
          expect(player.show({ at: 0, kind: "bytes", bytes })).not.toMatch(/[^\P{Cc}\n]/u);
        }
      },
    ),
    sampled(500),
  );
});
