import { afterEach, describe, expect, test } from "bun:test";
import type { Exchange, Serve } from "../exchange.ts";
import type { CallerLimits } from "../h1/caller.ts";
import { answer } from "../h1/testing/rig.ts";
import { mostStreams } from "./caller.ts";
import { errorCodes, frameFlags, frameTypes, preface } from "./frames.ts";
import { block, frame, number, request, settings } from "./testing/frame.ts";
import { H2Rig, RawH2 } from "./testing/rig.ts";

/** What a hostile caller may cost: its own connection, and no more. */

let rig: H2Rig;
afterEach(() => rig.stop());

const { data, headers, reset, priority, ping, windowUpdate, continuation } = frameTypes;
const whole = frameFlags.endHeaders | frameFlags.endStream;

function serving(serve: Serve, limits?: Partial<CallerLimits>, begins?: Buffer): Promise<RawH2> {
  rig = new H2Rig(serve, limits);
  return rig.connect(begins);
}

const answers: Serve = (exchange) => answer(exchange, "x");
/** Never answers. */
const waits: Serve = () => {};

/** Another connection is served as before. */
async function othersGoOn(): Promise<void> {
  const other = await rig.connect();
  other.send(frame(headers, whole, 1, request("GET", "/")));
  expect(await other.of(headers, 1)).toBeDefined();
  other.close();
}

const times = (count: number, make: (at: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));

describe("what costs the caller its connection", () => {
  const floods: readonly (readonly [name: string, bytes: () => Buffer])[] = [
    [
      "rapid reset",
      () =>
        times(5000, (at) =>
          Buffer.concat([
            frame(headers, whole, 1 + 2 * at, request("GET", "/wait")),
            frame(reset, 0, 1 + 2 * at, number(errorCodes.cancel)),
          ]),
        ),
    ],
    [
      "streams that it makes the gateway reset",
      () =>
        times(5000, (at) =>
          Buffer.concat([
            frame(headers, frameFlags.endHeaders, 1 + 2 * at, request("POST", "/wait")),
            frame(windowUpdate, 0, 1 + 2 * at, number(0x7fffffff)),
          ]),
        ),
    ],
    [
      "streams beyond those that may be open",
      () => times(5000, (at) => frame(headers, whole, 1 + 2 * at, request("GET", "/wait"))),
    ],
    [
      "malformed heads",
      () => times(5000, (at) => frame(headers, whole, 1 + 2 * at, request("GET", "/", ["Upper", "x"]))),
    ],
    ["pings", () => times(20_000, () => frame(ping, 0, 0, Buffer.alloc(8)))],
    ["settings", () => times(20_000, () => frame(frameTypes.settings, 0, 0))],
    ["priorities", () => times(20_000, (at) => frame(priority, 0, 1 + 2 * at, Buffer.alloc(5)))],
    ["frames of no known type", () => times(20_000, () => frame(77, 0, 0, "abc"))],
    ["windows a byte at a time", () => times(20_000, () => frame(windowUpdate, 0, 0, number(1)))],
    [
      "empty DATA",
      () =>
        Buffer.concat([
          frame(headers, frameFlags.endHeaders, 1, request("POST", "/wait")),
          times(20_000, () => frame(data, 0, 1)),
        ]),
    ],
    [
      "DATA of padding alone",
      () =>
        Buffer.concat([
          frame(headers, frameFlags.endHeaders, 1, request("POST", "/wait")),
          times(20_000, () => frame(data, frameFlags.padded, 1, "\0")),
        ]),
    ],
    [
      "empty CONTINUATION",
      () =>
        Buffer.concat([
          frame(headers, frameFlags.endStream, 1, request("GET", "/")),
          times(1000, () => frame(continuation, 0, 1)),
        ]),
    ],
    [
      "CONTINUATION a byte at a time",
      () =>
        Buffer.concat([
          frame(headers, frameFlags.endStream, 1, request("GET", "/")),
          times(1000, () => frame(continuation, 0, 1, "\0")),
        ]),
    ],
    [
      "fields without end",
      () =>
        Buffer.concat([
          frame(headers, frameFlags.endStream, 1, request("GET", "/")),
          times(100, () => frame(continuation, 0, 1, block(["a", "b".repeat(16_000)]))),
        ]),
    ],
    ["a frame longer than was agreed", () => frame(data, 0, 1, Buffer.alloc(16_385))],
    [
      "another frame inside of a block of fields",
      () => Buffer.concat([frame(headers, 0, 1, request("GET", "/")), frame(ping, 0, 0, Buffer.alloc(8))]),
    ],
    [
      "more DATA than its window",
      () =>
        Buffer.concat([
          frame(headers, frameFlags.endHeaders, 1, request("POST", "/wait")),
          times(64, () => frame(data, 0, 1, Buffer.alloc(16_384))),
        ]),
    ],
    ["PUSH_PROMISE", () => frame(frameTypes.pushPromise, frameFlags.endHeaders, 1, number(2))],
    ["a stream of the server's", () => frame(headers, whole, 2, request("GET", "/"))],
  ];
  test.each(floods.map(([name, bytes]) => ({ name, bytes })))("$name", async ({ bytes }) => {
    const seen = new Set<Exchange>();
    const client = await serving((exchange) => {
      seen.add(exchange);
      exchange.gone = () => seen.delete(exchange);
      if (exchange.request.target !== "/wait") answer(exchange, "x");
    });
    client.send(bytes());
    expect(await client.goaway()).not.toBe(0);
    expect([...seen].filter(({ request }) => request.target === "/wait")).toEqual([]);
    await othersGoOn();
  });

  test("a connection that does not begin with SETTINGS", async () => {
    rig = new H2Rig(answers);
    const client = await RawH2.connect(rig.port, settings());
    client.close();
    const { connect } = await import("node:net");
    const socket = connect(rig.port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.on("error", () => {});
    socket.resume();
    socket.write(Buffer.concat([preface, frame(headers, whole, 1, request("GET", "/"))]));
    await closed;
    await othersGoOn();
  });

  test("a block of fields that takes too long", async () => {
    const client = await serving(answers, { head: 50 });
    client.send(frame(headers, 0, 1, request("GET", "/")));
    expect(await client.goaway()).not.toBe(0);
    await othersGoOn();
  });

  test("idleness", async () => {
    const client = await serving(answers, { idle: 50 });
    expect(await client.goaway()).toBe(0);
  });
});

describe("what costs the stream alone", () => {
  test("more fields than a request may have", async () => {
    const client = await serving(answers);
    const many = Array.from({ length: 200 }, (_, at) => [`x-${at}`, "1"] as const);
    client.send(frame(headers, whole, 1, request("GET", "/", ...many)));
    const told = await client.of(data, 1);
    expect(JSON.parse(String(told?.payload))).toMatchObject({ status: 431, code: "http.header" });
    client.send(frame(headers, whole, 3, request("GET", "/")));
    expect(await client.of(headers, 3)).toBeDefined();
  });

  test("fields that grow beyond the limit once they are unpacked", async () => {
    let served = 0;
    const client = await serving(
      (exchange) => {
        served++;
        answer(exchange, "x");
      },
      { header: 64 * 1024 },
    );
    // One field of 4000 bytes is put into the table (RFC 7541, 6.2.1), then named again and again by one byte.
    const value = block(["x", "a".repeat(4000)]).subarray(1);
    const bomb = Buffer.concat([request("GET", "/"), Buffer.of(0x40), value, Buffer.alloc(8000, 0x80 + 62)]);
    client.send(frame(headers, whole, 1, bomb));
    expect(await client.of(reset, 1)).toBeDefined();
    expect(served).toBe(0);
    client.send(frame(headers, whole, 3, request("GET", "/")));
    expect(await client.of(headers, 3)).toBeDefined();
  });

  test("one more than may be open", async () => {
    const client = await serving(waits);
    client.send(times(mostStreams + 1, (at) => frame(headers, whole, 1 + 2 * at, request("GET", "/"))));
    const refused = await client.of(reset, 1 + 2 * mostStreams);
    expect(refused?.payload.readUInt32BE()).toBe(errorCodes.refused);
    expect(client.closed).toBe(false);
  });
});

describe("what is in bounds goes on", () => {
  test("ten thousand requests on one connection, each reset behind its answer", async () => {
    const client = await serving(answers);
    for (let at = 0; at < 10_000; at += 100) {
      client.send(times(100, (each) => frame(headers, whole, 1 + 2 * (at + each), request("GET", "/"))));
      expect(await client.of(data, 1 + 2 * (at + 99))).toBeDefined();
      client.frames.length = 0;
    }
    await client.roundTrip();
    expect(client.closed).toBe(false);
  }, 30_000);

  test("a window of one byte: an answer waits, and holds what it may", async () => {
    let exchange: Exchange | undefined;
    let taken = 0;
    const client = await serving(
      (given) => {
        exchange = given;
        given.respond({ status: 200, reason: "", fields: [] }, "chunked");
        while (given.write(Buffer.alloc(16_384))) taken++;
      },
      {},
      settings([4, 1]),
    );
    client.send(frame(headers, whole, 1, request("GET", "/")));
    const first = await client.of(data, 1);
    expect(first?.payload.length).toBe(1);
    await client.roundTrip();
    expect(taken).toBeLessThan(20);
    const gone = new Promise<void>((resolve) => {
      (exchange as Exchange).gone = resolve;
    });
    client.close();
    await gone;
  });

  test("a body that nobody takes is held back", async () => {
    const client = await serving((exchange) => {
      exchange.body?.pipe({ data: () => false, end() {}, broken() {} });
    });
    client.send(frame(headers, frameFlags.endHeaders, 1, request("POST", "/")));
    client.send(times(3, () => frame(data, 0, 1, Buffer.alloc(16_384))));
    await client.roundTrip();
    let given = 0;
    for (const { type, stream, payload } of client.frames)
      if (type === windowUpdate && stream === 1) given += payload.readUInt32BE();
    expect(given).toBeLessThanOrEqual(64 * 1024);
  });
});
