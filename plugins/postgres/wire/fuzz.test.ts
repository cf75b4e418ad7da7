import { expect, test } from "bun:test";
import fc from "fast-check";
import { PosternError } from "../../../core/plugin.ts";
import { sampled } from "../../../test/fuzz.ts";
import {
  authenticationRequest,
  authenticationSasl,
  passwordMessage,
  passwordOf,
  saslInitialOf,
  saslInitialResponse,
  saslResponseOf,
} from "./authentication.ts";
import { headerSize, status } from "./message.ts";
import {
  bind,
  bindMessage,
  close,
  describe as describeMessage,
  execute,
  executeMessage,
  namedMessage,
  parse,
  parseMessage,
  query,
  queryText,
} from "./query.ts";
import { errorFields, errorResponse } from "./report.ts";
import {
  CellWalker,
  dataRow,
  parameterDescription,
  type RowField,
  rowDescription,
  rowDescriptionMessage,
} from "./rows.ts";
import {
  backendKeyData,
  cancelKeyOf,
  commandComplete,
  commandTag,
  notification,
  notificationResponse,
  parameterStatus,
  parameterStatusOf,
  readyForQuery,
  readyStatus,
} from "./session.ts";
import { cancelRequest, startupMessage, startupPacket } from "./startup.ts";
import { int16, int32, message } from "./write.ts";

type Decoder = (view: Buffer, start: number, end: number) => unknown;

function cells(view: Buffer, start: number, end: number): (Buffer | null)[] {
  const walker = new CellWalker();
  const found: (Buffer | null)[] = [];
  walker.open(view, start, end);
  while (walker.next()) {
    found.push(walker.length === -1 ? null : view.subarray(walker.start, walker.start + walker.length));
  }
  return found;
}

const field: RowField = {
  name: "e\u00e9",
  tableOid: 4_000_000_000,
  column: 2,
  typeOid: 25,
  typeSize: -1,
  typmod: -1,
  format: "binary",
};

/** Every decoder with a message it understands. A length word more than the type byte: start-up packets. */
const decoders: Readonly<Record<string, readonly [Decoder, Buffer, number?]>> = {
  authentication: [authenticationRequest, authenticationSasl(["SCRAM-SHA-256", "X"])],
  password: [passwordOf, passwordMessage("secret")],
  saslInitial: [saslInitialOf, saslInitialResponse("SCRAM-SHA-256", "n,,n=,r=x")],
  saslResponse: [saslResponseOf, message(0x70, Buffer.from("c=biws"))],
  query: [queryText, query("select 1")],
  parse: [parseMessage, parse("s", "select $1", [23])],
  bind: [bindMessage, bind("p", "s", ["1", null, Buffer.of(1, 2)], ["binary"])],
  describe: [namedMessage, describeMessage({ kind: "portal", name: "p" })],
  close: [namedMessage, close({ kind: "statement", name: "s" })],
  execute: [executeMessage, execute("p", 5)],
  error: [errorFields, errorResponse({ code: "42501", message: "no", position: "7" })],
  rowDescription: [rowDescription, rowDescriptionMessage([field, { ...field, format: "text" }])],
  parameterDescription: [parameterDescription, message(0x74, int16(2), int32(23), int32(-1))],
  dataRow: [cells, dataRow(["a", null, Buffer.of(0, 1), ""])],
  ready: [readyStatus, readyForQuery(status.failed)],
  parameterStatus: [parameterStatusOf, parameterStatus("TimeZone", "UTC")],
  key: [cancelKeyOf, backendKeyData({ processId: -2, secret: Buffer.alloc(32, 7) })],
  tag: [commandTag, commandComplete("UPDATE 3")],
  notification: [notification, notificationResponse({ processId: 3, channel: "c", payload: "p" })],
  startup: [startupPacket, startupMessage(0x30002, [["user", "alice"]]), 4],
  cancel: [startupPacket, cancelRequest({ processId: 5, secret: Buffer.of(1, 2, 3, 4) }), 4],
};

/** Whatever the bytes are, a decoder answers or throws `postgres.protocol`, and looks at nothing around them. */
function decode(decoder: Decoder, body: Uint8Array): unknown {
  const seen = [0x00, 0xff].map((around) => {
    const view = Buffer.alloc(body.length + 16, around);
    view.set(body, 8);
    try {
      return JSON.stringify(decoder(view, 8, 8 + body.length), (_, value) =>
        value instanceof Map ? [...value] : value,
      );
    } catch (error) {
      if (error instanceof PosternError && error.code === "postgres.protocol") return error.message;
      throw error;
    }
  });
  expect(seen[0]).toBe(seen[1] as string);
  return seen[0];
}

for (const [name, [decoder, whole, header = headerSize]] of Object.entries(decoders)) {
  const body = whole.subarray(header);

  test(`${name}: every cut-off message is malformed or a shorter one, never a read outside`, () => {
    for (let length = 0; length < body.length; length += 1) decode(decoder, body.subarray(0, length));
    decode(decoder, Buffer.concat([body, Buffer.of(0)]));
    expect(() => decoder(body, 0, body.length + 1)).toThrow();
  });

  test(`${name}: random bytes and flipped bytes`, () => {
    const flips = fc.array(fc.tuple(fc.nat(body.length), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), flips, (random, changes) => {
        decode(decoder, random);
        const changed = Buffer.from(body);
        for (const [at, value] of changes) if (at < changed.length) changed[at] = value;
        decode(decoder, changed);
      }),
      sampled(200),
    );
  });
}

test("what is encoded is decoded as it was", () => {
  const read = <T>(decoder: (view: Buffer, start: number, end: number) => T, whole: Buffer): T => {
    expect(whole.readInt32BE(1)).toBe(whole.length - 1);
    return decoder(whole, headerSize, whole.length);
  };
  expect(read(rowDescription, rowDescriptionMessage([field]))).toEqual([field]);
  expect(read(cells, dataRow(["a", null, ""]))).toEqual([Buffer.from("a"), null, Buffer.alloc(0)]);
  expect(read(bindMessage, bind("p", "s", ["1", null], ["binary", "text"]))).toEqual({
    portal: "p",
    statement: "s",
    parameterFormats: ["text", "text"],
    parameters: [Buffer.from("1"), null],
    resultFormats: [1, 0],
  });
  expect(read(parseMessage, parse("s", "select 1", [4_000_000_000]))).toEqual({
    name: "s",
    text: "select 1",
    types: [4_000_000_000],
  });
  expect(read(namedMessage, close({ kind: "portal", name: "" }))).toEqual({ kind: "portal", name: "" });
  expect(read(errorFields, errorResponse({ message: "no", code: "42501" }))).toEqual({
    severity: "ERROR",
    severityRaw: "ERROR",
    message: "no",
    code: "42501",
  });
  expect(read(errorFields, errorResponse({ message: "cut\0Mforged" })).message).toBe("cut");
  const told = { processId: 7, channel: "c", payload: "" };
  expect(read(notification, notificationResponse(told))).toEqual(told);
});
