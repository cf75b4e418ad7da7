import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { createServer as createTcp, type Server, type Socket } from "node:net";
import { connectWire } from "../../../core/plugin.ts";
import type { AnswerSink } from "../exchange.ts";
import type { RequestHead } from "../message.ts";
import { frameFlags, frameTypes, preface } from "./frames.ts";
import { H2Resource } from "./resource.ts";
import { block, firstFrame, frame, number, settings } from "./testing/frame.ts";

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

const { data, headers, reset, goaway } = frameTypes;
const { endHeaders, endStream } = frameFlags;
const get: RequestHead = {
  method: "GET",
  target: "/",
  authority: "a",
  version: "1.1",
  fields: ["Host", "a", "X", "y"],
};
const post: RequestHead = { ...get, method: "POST" };

async function connected(server: Http2Server | Server): Promise<H2Resource> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const resource = new H2Resource(await connectWire({ host: "127.0.0.1", port, timeout: 5_000 }), {
    header: 65_536,
  });
  open.push(
    () => resource.close(),
    () => void server.close(),
  );
  return resource;
}

/** Told in one line of words: what an answer sink hears. */
function heard(): { readonly sink: AnswerSink; readonly over: Promise<string> } {
  const told: string[] = [];
  const over = Promise.withResolvers<string>();
  const end = (word: string) => {
    told.push(word);
    over.resolve(told.join(" "));
  };
  return {
    over: over.promise,
    sink: {
      inform: ({ status }) => void told.push(`${status}`),
      head: ({ status }, length) => void told.push(`${status}/${length}`),
      data: (view) => told.push(Buffer.from(view).toString()) > 0,
      end: (trailers) => end(`end(${trailers.join("=")})`),
      switched: () => end("switched"),
      broken: (error, sent) => end(`${error.code}${sent ? "" : " unsent"}`),
      drained() {},
    },
  };
}

/** A resource that answers the first request with these frames, whatever they are. */
function scripted(...frames: readonly Buffer[]): Server {
  return createTcp((socket: Socket) => {
    let rest: Buffer = Buffer.alloc(0);
    let skip = preface.length;
    socket.on("error", () => {});
    open.push(() => socket.destroy());
    socket.write(frame(frameTypes.settings, 0, 0, settings()));
    socket.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      if (rest.length < skip) return;
      rest = rest.subarray(skip);
      skip = 0;
      for (let next = firstFrame(rest); next; next = firstFrame(rest)) {
        rest = next.rest;
        if (next.frame.type === headers) socket.write(Buffer.concat(frames));
      }
    });
  });
}

describe("answers", () => {
  const cases: readonly (readonly [name: string, heard: string, ...frames: readonly Buffer[]])[] = [
    [
      "whole, with trailers",
      "200/chunked abc end(grpc-status=0)",
      frame(headers, endHeaders, 1, block([":status", "200"])),
      frame(data, 0, 1, "abc"),
      frame(headers, endHeaders | endStream, 1, block(["grpc-status", "0"])),
    ],
    [
      "whole, of a length",
      "200/3 abc end()",
      frame(headers, endHeaders, 1, block([":status", "200"], ["content-length", "3"])),
      frame(data, endStream, 1, "abc"),
    ],
    [
      "without a body",
      "204/none end()",
      frame(headers, endHeaders | endStream, 1, block([":status", "204"])),
    ],
    [
      "put off",
      "103 200/none end()",
      frame(headers, endHeaders, 1, block([":status", "103"])),
      frame(headers, endHeaders | endStream, 1, block([":status", "200"])),
    ],
    ["reset before its head", "wire.closed", frame(reset, 0, 1, number(2))],
    ["refused", "wire.closed unsent", frame(reset, 0, 1, number(7))],
    [
      "reset in the middle",
      "200/chunked abc wire.closed",
      frame(headers, endHeaders, 1, block([":status", "200"])),
      frame(data, 0, 1, "abc"),
      frame(reset, 0, 1, number(2)),
    ],
    [
      "reset in the middle, as though nothing were wrong",
      "200/chunked abc wire.closed",
      frame(headers, endHeaders, 1, block([":status", "200"])),
      frame(data, 0, 1, "abc"),
      frame(reset, 0, 1, number(0)),
    ],
    [
      "with a field of another version",
      "wire.closed",
      frame(headers, endHeaders | endStream, 1, block([":status", "200"], ["transfer-encoding", "chunked"])),
    ],
    ["without a status", "http.answer", frame(headers, endHeaders | endStream, 1, block(["a", "b"]))],
    [
      "with a line end in a value",
      "wire.closed",
      frame(headers, endHeaders | endStream, 1, block([":status", "200"], ["a", "b\r\nc: d"])),
    ],
    [
      "that nobody asked for",
      "wire.closed",
      frame(frameTypes.pushPromise, endHeaders, 1, Buffer.concat([number(2), block([":method", "GET"])])),
    ],
    [
      "of pings alone",
      "wire.closed",
      Buffer.concat(Array.from({ length: 60_000 }, () => frame(frameTypes.ping, 0, 0, Buffer.alloc(8)))),
    ],
  ];
  test.each(cases.map(([name, wanted, ...frames]) => ({ name, wanted, frames })))("$name", async (each) => {
    const resource = await connected(scripted(...each.frames));
    const { sink, over } = heard();
    resource.send(get, "none", undefined, sink).end();
    expect(await over).toBe(each.wanted);
  });

  test("more bytes, or fewer, than were told are no whole answer", async () => {
    for (const body of ["ab", "abcd"]) {
      const resource = await connected(
        scripted(
          frame(headers, endHeaders, 1, block([":status", "200"], ["content-length", "3"])),
          frame(data, endStream, 1, body),
        ),
      );
      const { sink, over } = heard();
      resource.send(get, "none", undefined, sink).end();
      expect(await over).toMatch(/(wire\.closed|http\.answer)$/);
    }
  });
});

/** A proper server that hands its streams over. */
async function proper(): Promise<{
  readonly resource: H2Resource;
  next(): Promise<[ServerHttp2Stream, string[]]>;
}> {
  const server = createServer();
  const waiting: ((given: [ServerHttp2Stream, string[]]) => void)[] = [];
  server.on("stream", (stream: ServerHttp2Stream, _headers, _flags, raw: string[]) => {
    stream.on("error", () => {});
    waiting.shift()?.([stream, raw]);
  });
  const resource = await connected(server);
  return { resource, next: () => new Promise((resolve) => waiting.push(resolve)) };
}

test("a request as the resource sees it: pseudo-fields first, no field of HTTP/1.1, trailers asked for", async () => {
  const { resource, next } = await proper();
  const arrived = next();
  const { sink, over } = heard();
  resource
    .send({ ...post, fields: [...post.fields, "Connection", "x"] }, 3, undefined, sink)
    .write(Buffer.from("abc"));
  const [stream, raw] = await arrived;
  expect(raw).toEqual(
    [":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/"].concat(
      ...[
        ["x", "y"],
        ["content-length", "3"],
        ["te", "trailers"],
      ],
    ),
  );
  stream.respond({ ":status": 200 });
  stream.end("early");
  expect(await over).toContain("early end");
});

test("a body that is given up is no whole body", async () => {
  const { resource, next } = await proper();
  const arrived = next();
  const sending = resource.send(post, "chunked", undefined, heard().sink);
  sending.write(Buffer.from("abc"));
  const [stream] = await arrived;
  const told: string[] = [];
  stream.on("end", () => told.push("end"));
  stream.resume();
  const aborted = new Promise<void>((resolve) => stream.on("aborted", resolve));
  sending.abort();
  await aborted;
  expect(told).toEqual([]);
});

test("a length that is only told has no byte behind it", async () => {
  const resource = await connected(
    scripted(
      frame(headers, endHeaders, 1, block([":status", "200"], ["content-length", "3"])),
      frame(data, endStream, 1),
    ),
  );
  const { sink, over } = heard();
  resource.send({ ...get, method: "HEAD" }, "none", undefined, sink).end();
  expect(await over).toBe("200/3 end()");
});

test("trailers reach the resource", async () => {
  const { resource, next } = await proper();
  const arrived = next();
  const sending = resource.send(post, "chunked", undefined, heard().sink);
  sending.write(Buffer.from("abc"));
  sending.end(["X-Sum", "1"]);
  const [stream] = await arrived;
  const trailers = new Promise((resolve) => stream.on("trailers", resolve));
  stream.resume();
  expect(await trailers).toMatchObject({ "x-sum": "1" });
});

test("behind GOAWAY nothing more is sent, and the connection says so", async () => {
  const resource = await connected(
    scripted(
      frame(goaway, 0, 0, Buffer.concat([number(1), number(0)])),
      frame(headers, endHeaders | endStream, 1, block([":status", "204"])),
    ),
  );
  const first = heard();
  resource.send(get, "none", undefined, first.sink).end();
  expect(await first.over).toBe("204/none end()");
  expect(resource.free).toBe(false);
  const second = heard();
  resource.send(get, "none", undefined, second.sink).end();
  expect(await second.over).toBe("wire.closed unsent");
});

test("an upgrade is not asked for, a head that would break its line not sent", async () => {
  const { resource } = await proper();
  const { sink } = heard();
  expect(() => resource.send(get, "none", "websocket", sink)).toThrow(
    expect.objectContaining({ code: "http.upgrade" }),
  );
  expect(() => resource.send({ ...get, fields: ["a", "b\r\nc: d"] }, "none", undefined, sink)).toThrow(
    expect.objectContaining({ code: "http.unsafe" }),
  );
});
