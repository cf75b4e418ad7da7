import { beforeAll, expect, test } from "bun:test";
import { loadParser } from "../sql/index.ts";
import { backend } from "../wire/message.ts";
import { bind, describe, execute, parse, sync } from "../wire/query.ts";
import { noticeResponse } from "../wire/report.ts";
import { dataRow, rowDescriptionMessage } from "../wire/rows.ts";
import { commandComplete, readyForQuery } from "../wire/session.ts";
import { cstring, int32, message } from "../wire/write.ts";
import { memorySession } from "./testing/memory.ts";

beforeAll(loadParser);

const idle = 0x49;
const column = {
  name: "n",
  tableOid: 0,
  column: 0,
  typeOid: 23,
  typeSize: 4,
  typmod: -1,
  format: "text",
} as const;
const prepared = [
  message(backend.parseComplete),
  message(backend.bindComplete),
  rowDescriptionMessage([column]),
];
const ran = [dataRow(["1"]), commandComplete("SELECT 1"), readyForQuery(idle)];

/** A session with a strict trail, in which one select was asked; `written`: what its caller read, write by write. */
function strict() {
  const flushed = Promise.withResolvers<void>();
  const { caller, server, gate } = memorySession();
  gate.ready = () => flushed.promise;
  const written: string[] = [];
  const { write } = caller;
  caller.write = (bytes) => {
    const before = caller.written.length;
    const taken = write.call(caller, bytes);
    written.push(caller.types.slice(typesIn(caller.written.subarray(0, before))));
    return taken;
  };
  const portal = { kind: "portal", name: "" } as const;
  caller.arrive(parse("", "select 1"), bind("", "", []), describe(portal), execute(""), sync);
  return { server, written, flush: () => flushed.resolve() };
}

function typesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at + 5 <= bytes.length; at += bytes.readInt32BE(at + 1) + 1) count += 1;
  return count;
}

test("an answer leaves in one write, once its entry is durable", async () => {
  const { server, written, flush } = strict();
  server.arrive(...prepared, ...ran);
  expect(written).toEqual([]);
  flush();
  await Bun.sleep(0);
  expect(written).toEqual(["12TDCZ"]);
});

test("what it raises, sets or notifies may hold a value too: it waits with the answer", async () => {
  const { server, written, flush } = strict();
  server.arrive(...prepared);
  const said = [
    noticeResponse({ message: "a@b.c" }),
    message(backend.parameterStatus, cstring("application_name"), cstring("a@b.c")),
    message(backend.notificationResponse, int32(7), cstring("channel"), cstring("a@b.c")),
  ];
  for (const each of said) server.arrive(each);
  expect(written).toEqual(["12T"]);
  server.arrive(...ran);
  flush();
  await Bun.sleep(0);
  expect(written.join("")).toBe("12TNSADCZ");
});

test("what is no answer of the operation yet leaves at once", async () => {
  const { server, written, flush } = strict();
  server.arrive(...prepared);
  expect(written).toEqual(["12T"]);
  server.arrive(...ran);
  expect(written).toEqual(["12T"]);
  flush();
  await Bun.sleep(0);
  expect(written).toEqual(["12T", "DCZ"]);
});
