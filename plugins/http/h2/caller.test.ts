import { afterEach, describe, expect, test } from "bun:test";
import type { Exchange, Serve } from "../exchange.ts";
import type { CallerLimits } from "../h1/caller.ts";
import { answer, type Whole, whole } from "../h1/testing/rig.ts";
import { fieldOf } from "../message.ts";
import { errorCodes, frameFlags, frameTypes } from "./frames.ts";
import { block, frame, number, request } from "./testing/frame.ts";
import { H2Rig, type RawH2 } from "./testing/rig.ts";

let rig: H2Rig;
afterEach(() => rig.stop());

const { data, headers, reset } = frameTypes;
const { endHeaders, endStream } = frameFlags;

async function serving(serve: Serve, limits?: Partial<CallerLimits>): Promise<RawH2> {
  rig = new H2Rig(serve, limits);
  return await rig.connect();
}

type Field = readonly [name: string, value: string];
const proper: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "a"],
];
const instead = (name: string, value?: string): Field[] =>
  proper.flatMap((field) => (field[0] !== name ? [field] : value === undefined ? [] : [[name, value]]));

describe("no request (RFC 9113, 8.2 and 8.3)", () => {
  const refused: readonly (readonly [name: string, fields: readonly Field[]])[] = [
    ["a pseudo-field behind a field", [["a", "b"], ...proper]],
    ["a pseudo-field behind others", [...proper.slice(0, 3), ["a", "b"], ...proper.slice(3)]],
    ["two methods", [...proper, [":method", "POST"]]],
    ["two paths", [[":path", "/x"], ...proper]],
    ["two authorities", [...proper, [":authority", "b"]]],
    ["an unknown pseudo-field", [...proper, [":foo", "x"]]],
    ["a pseudo-field of answers", [...proper, [":status", "200"]]],
    ["no method", instead(":method")],
    ["no scheme", instead(":scheme")],
    ["no path", instead(":path")],
    ["an empty path", instead(":path", "")],
    ["a path that is a URL", instead(":path", "http://b/")],
    ["a path without a slash", instead(":path", "admin")],
    ["a star that is not for OPTIONS", instead(":path", "*")],
    ["a space in the path", instead(":path", "/ HTTP/1.1")],
    ["a line end in the path", instead(":path", "/\r\nX: y")],
    ["a fragment in the path", instead(":path", "/#a")],
    ["no authority", instead(":authority")],
    ["an empty authority", instead(":authority", "")],
    ["a user in the authority", instead(":authority", "b@a")],
    ["a path in the authority", instead(":authority", "a/b")],
    ["a scheme not of the web", instead(":scheme", "ftp")],
    ["a method that is no token", instead(":method", "GET /x")],
    ["a Host that is another", [...proper, ["host", "b"]]],
    ["two Hosts", [...proper, ["host", "a"], ["host", "a"]]],
    ["an upper-case name", [...proper, ["Foo", "x"]]],
    ["a name with a colon", [...proper, ["a:b", "x"]]],
    ["a name with a space", [...proper, ["a b", "x"]]],
    ["a name with a line end", [...proper, ["a\r\nb", "x"]]],
    ["a value with a line end", [...proper, ["x", "a\r\nb: c"]]],
    ["a value with a bare line feed", [...proper, ["x", "a\nb"]]],
    ["a value with a zero", [...proper, ["x", "a\0b"]]],
    ["Connection", [...proper, ["connection", "close"]]],
    ["Keep-Alive", [...proper, ["keep-alive", "timeout=5"]]],
    ["Proxy-Connection", [...proper, ["proxy-connection", "close"]]],
    ["Transfer-Encoding", [...proper, ["transfer-encoding", "chunked"]]],
    ["Upgrade", [...proper, ["upgrade", "h2c"]]],
    ["TE that is not trailers", [...proper, ["te", "gzip"]]],
    ["TE of more than trailers", [...proper, ["te", "trailers, gzip"]]],
    ["a length that is none", [...proper, ["content-length", "+1"]]],
    ["two lengths", [...proper, ["content-length", "0"], ["content-length", "0"]]],
    ["a length with no body", [...proper, ["content-length", "5"]]],
    [
      "CONNECT",
      [
        [":method", "CONNECT"],
        [":authority", "a:443"],
      ],
    ],
    ["an expectation nobody knows", [...proper, ["expect", "a miracle"]]],
    ["a protocol without CONNECT", [...proper, [":protocol", "websocket"]]],
    ["another protocol than WebSocket", [...instead(":method", "CONNECT"), [":protocol", "connect-udp"]]],
  ];
  test.each(refused.map(([name, fields]) => ({ name, fields })))("$name", async ({ fields }) => {
    const served: Exchange[] = [];
    const client = await serving((exchange) => {
      served.push(exchange);
      answer(exchange, "x");
    });
    client.send(frame(headers, endHeaders | endStream, 1, block(...fields)));
    const told = await client.until(({ stream, type }) => stream === 1 && (type === reset || type === data));
    if (told?.type === data) expect(String(told.payload)).toMatch(/"status":4\d\d/);
    else expect(told?.payload.readUInt32BE()).toBe(errorCodes.protocol);
    expect(served).toEqual([]);
    client.send(frame(headers, endHeaders | endStream, 3, block(...proper)));
    expect(await client.of(data, 3)).toBeDefined();
  });

  test("there are so many of them", () => expect(refused.length).toBeGreaterThanOrEqual(45));
});

/** One POST whose body is sent as these frames; what came of it. */
async function posted(
  fields: readonly Field[],
  ...frames: readonly Buffer[]
): Promise<{
  readonly client: RawH2;
  readonly got: Promise<Whole>;
  readonly exchange: Exchange;
  readonly gone: Promise<void>;
}> {
  const arrived = Promise.withResolvers<Exchange>();
  const gone = Promise.withResolvers<void>();
  const client = await serving((exchange) => {
    exchange.gone = gone.resolve;
    arrived.resolve(exchange);
  });
  client.send(frame(headers, endHeaders, 1, request("POST", "/", ...fields)), ...frames);
  const exchange = await arrived.promise;
  return { client, exchange, got: whole(exchange), gone: gone.promise };
}

describe("requests", () => {
  test("authority, crumbs of cookies, fields in order, trailers", async () => {
    const { exchange, got } = await posted(
      [
        ["cookie", "a=1"],
        ["x", "1"],
        ["cookie", "b=2"],
        ["x", "2"],
        ["te", "trailers"],
        ["host", "A"],
      ],
      frame(data, 0, 1, "one "),
      frame(data, 0, 1, "two"),
      frame(headers, endHeaders | endStream, 1, block(["grpc-x", "1"], ["authorization", "x"])),
    );
    expect(exchange.request).toEqual({
      method: "POST",
      target: "/",
      authority: "a",
      version: "2",
      fields: ["x", "1", "x", "2", "cookie", "a=1; b=2"],
    });
    const { body, trailers } = await got;
    expect([body.toString(), trailers]).toEqual(["one two", ["grpc-x", "1"]]);
  });

  const broken: readonly (readonly [name: string, fields: readonly Field[], ...frames: readonly Buffer[]])[] =
    [
      ["a reset", [], frame(data, 0, 1, "abc"), frame(reset, 0, 1, number(errorCodes.cancel))],
      ["a length that is longer", [["content-length", "9"]], frame(data, endStream, 1, "abc")],
      ["a length that is shorter", [["content-length", "2"]], frame(data, endStream, 1, "abc")],
      [
        "a trailer that frames",
        [],
        frame(data, 0, 1, "abc"),
        frame(headers, endHeaders | endStream, 1, block(["content-length", "3"])),
      ],
      [
        "a pseudo-field in a trailer",
        [],
        frame(data, 0, 1, "abc"),
        frame(headers, endHeaders | endStream, 1, block([":path", "/x"])),
      ],
      [
        "a trailer that ends nothing",
        [],
        frame(data, 0, 1, "abc"),
        frame(headers, endHeaders, 1, block(["x", "y"])),
      ],
    ];
  test.each(broken.map(([name, fields, ...frames]) => ({ name, fields, frames })))(
    "no body is whole behind $name",
    async ({ fields, frames }) => {
      const { got, gone } = await posted(fields, ...frames);
      expect(await got.then(() => "whole").catch((error) => error.code)).toBe("wire.closed");
      await gone;
    },
  );

  test("no body is whole behind a lost connection", async () => {
    const { client, got } = await posted([], frame(data, 0, 1, "abc"));
    client.socket.end();
    expect(await got.then(() => "whole").catch((error) => error.code)).toBe("wire.closed");
  });

  test("100 is said once, to who waits for it", async () => {
    const { client, exchange } = await posted([["expect", "100-continue"]]);
    const interim = { status: 100, reason: "", fields: [] };
    exchange.inform(interim);
    exchange.inform(interim);
    exchange.inform({ status: 103, reason: "", fields: ["Link", "</x>"] });
    answer(exchange, "done");
    await client.of(data, 1);
    expect(client.frames.filter(({ type }) => type === headers).length).toBe(3);
  });
});

describe("answers", () => {
  test("trailers stand behind a body whose length was not told", async () => {
    const client = await serving((exchange) => {
      exchange.respond({ status: 200, reason: "", fields: ["X", "y"] }, "chunked");
      exchange.write(Buffer.from("abc"));
      exchange.end(["Grpc-Status", "0"]);
    });
    client.send(frame(headers, endHeaders | endStream, 1, request("GET", "/")));
    await client.until(({ type, flags }) => type === headers && (flags & endStream) !== 0);
    expect(client.frames.filter(({ stream }) => stream === 1).map(({ type }) => type)).toEqual([
      headers,
      data,
      headers,
    ]);
  });

  test("one that breaks off is reset, not ended", async () => {
    for (const how of ["abort", "short", "long"] as const) {
      const client = await serving((exchange) => {
        exchange.respond({ status: 200, reason: "", fields: [] }, 5);
        exchange.write(Buffer.from(how === "long" ? "abcdef" : "abc"));
        if (how === "abort") exchange.abort();
        else exchange.end();
      });
      client.send(frame(headers, endHeaders | endStream, 1, request("GET", "/")));
      expect(await client.of(reset, 1)).toBeDefined();
      await client.roundTrip();
      expect(client.frames.filter(({ type, flags }) => type === data && (flags & endStream) !== 0)).toEqual(
        [],
      );
      rig.stop();
    }
  });

  test("a field that cannot be said resets the stream, and whoever serves it learns so", async () => {
    const gone = Promise.withResolvers<void>();
    const client = await serving((exchange) => {
      exchange.gone = gone.resolve;
      exchange.respond({ status: 200, reason: "", fields: ["X", "a\r\nb"] }, 1);
    });
    client.send(frame(headers, endHeaders | endStream, 1, request("GET", "/")));
    expect(await client.of(reset, 1)).toBeDefined();
    await gone.promise;
  });

  test("a body that nobody wanted is read in bounds, then the caller is told", async () => {
    const client = await serving((exchange) => answer(exchange, "early"), { dropped: 1000 });
    client.send(frame(headers, endHeaders, 1, request("POST", "/")));
    expect(String((await client.of(data, 1))?.payload)).toBe("early");
    client.send(frame(data, 0, 1, Buffer.alloc(5000)));
    expect((await client.of(reset, 1))?.payload.readUInt32BE()).toBe(0);
  });

  test("stop: GOAWAY, what is under way is let finish, the connection closes", async () => {
    const arrived = Promise.withResolvers<Exchange>();
    const client = await serving(arrived.resolve);
    client.send(frame(headers, endHeaders | endStream, 1, request("GET", "/")));
    const exchange = await arrived.promise;
    for (const caller of rig.callers) caller.stop();
    await client.of(frameTypes.goaway, 0);
    answer(exchange, "last");
    expect(String((await client.of(data, 1))?.payload)).toBe("last");
    expect(await client.goaway()).toBe(0);
  });
});

test("an extended CONNECT is an upgrade to WebSocket, and a connection of bytes once it is switched", async () => {
  const client = await serving((exchange) => {
    const { request: asked, upgrade } = exchange;
    if (upgrade !== "websocket" || asked.method !== "GET") return exchange.abort();
    if (fieldOf(asked.fields, "sec-websocket-key") === "theirs") return exchange.abort();
    const fields = ["Sec-WebSocket-Accept", "of a key that nobody sent", "Sec-WebSocket-Protocol", "chat"];
    const wire = exchange.switch({ status: 101, reason: "", fields });
    wire.stream({ data: (view) => void wire.write(view), drain() {}, close: () => wire.end() });
  });
  const fields = [
    ...instead(":method", "CONNECT"),
    [":protocol", "websocket"],
    ["sec-websocket-version", "13"],
    ["sec-websocket-key", "theirs"],
  ] as const;
  client.send(frame(headers, endHeaders, 1, block(...fields)), frame(data, 0, 1, "ping"));
  const head = await client.of(headers, 1);
  expect(String(head?.payload)).not.toContain("accept");
  expect(String((await client.of(data, 1))?.payload)).toBe("ping");
  client.send(frame(data, endStream, 1));
  await client.until(({ type, flags }) => type === data && (flags & endStream) !== 0);
});
