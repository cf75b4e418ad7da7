import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { RawHttp } from "../../plugins/http/h1/testing/rig.ts";
import { frameFlags, frameTypes } from "../../plugins/http/h2/frames.ts";
import { block, frame, number } from "../../plugins/http/h2/testing/frame.ts";
import { RawH2 } from "../../plugins/http/h2/testing/rig.ts";
import { ToolsDoor } from "./web-tools.ts";
import type { Seen } from "./web-upstream.ts";

/** Must hold 4: whoever breaks off in the middle, the other side sees it break off; who is slow holds nobody's memory. */

let tools: ToolsDoor;
let open: { close(): void } | undefined;

beforeAll(async () => {
  tools = await ToolsDoor.open(false);
}, 20_000);
afterEach(() => open?.close());
afterAll(() => tools.close());

const { data, headers, reset, windowUpdate } = frameTypes;
const { endHeaders, endStream } = frameFlags;

/** One request of a caller's that the test holds in its hands. */
interface Caller {
  /** Some of the body. */
  send(bytes: Buffer): void;
  end(): void;
  giveUp(): void;
  /** The status of the answer. */
  status(): Promise<number>;
  /** Resolves once some of the answer's body is there. */
  some(): Promise<void>;
  /** How the answer ended: `whole`, or `broken`. */
  outcome(): Promise<"whole" | "broken">;
  /** Nothing is read from now on, resp. again. */
  pause(): void;
  resume(): void;
}

/** With a body in chunks that is not ended. */
async function overHttp1(path: string): Promise<Caller> {
  const raw = await RawHttp.connect(tools.door.port);
  open = raw;
  raw.send(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${tools.login}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  return {
    send: (bytes) =>
      raw.send(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")])),
    end: () => raw.send("0\r\n\r\n"),
    giveUp: () => raw.close(),
    status: async () => Number((await raw.until("\r\n\r\n")).slice(9, 12)),
    some: async () => void (await raw.until("part")),
    outcome: async () => ((await raw.until("\r\n0\r\n\r\n")).endsWith("\r\n0\r\n\r\n") ? "whole" : "broken"),
    pause: () => void raw.socket.pause(),
    resume() {
      // Nobody keeps what comes now.
      raw.socket.removeAllListeners("data");
      raw.socket.resume();
    },
  };
}

async function overHttp2(path: string): Promise<Caller> {
  const raw = await RawH2.connect(tools.door.port);
  open = raw;
  const fields = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
    ["authorization", tools.login.slice("Authorization: ".length)],
  ] as const;
  raw.send(frame(headers, endHeaders, 1, block(...fields)));
  return {
    send(bytes) {
      for (let at = 0; at < bytes.length; at += 16_384)
        raw.send(frame(data, 0, 1, bytes.subarray(at, at + 16_384)));
    },
    end: () => raw.send(frame(data, endStream, 1)),
    giveUp: () => raw.send(frame(reset, 0, 1, number(8))),
    async status() {
      const head = (await raw.of(headers, 1))?.payload ?? Buffer.alloc(1);
      // 200 has a place of its own in HPACK's table (RFC 7541, A); the others here are literals.
      return head[0] === 0x88 ? 200 : 502;
    },
    some: async () => void (await raw.of(data, 1)),
    async outcome() {
      const last = await raw.until(
        ({ type, flags }) => type === reset || (type === data && (flags & endStream) !== 0),
      );
      return last?.type === data ? "whole" : "broken";
    },
    pause() {},
    resume: () =>
      raw.send(frame(windowUpdate, 0, 0, number(0x7fff0000)), frame(windowUpdate, 0, 1, number(0x7fff0000))),
  };
}

/** Its connection closes, in whatever way. */
function closeOf({ request: { socket } }: Seen): Promise<void> {
  socket.on("error", () => {});
  return new Promise((resolve) => socket.on("close", () => resolve()));
}

const versions = [
  { name: "HTTP/1.1", connect: overHttp1 },
  { name: "HTTP/2", connect: overHttp2 },
] as const;

describe.each(versions)("$name", ({ connect }) => {
  async function begun(): Promise<{ readonly caller: Caller; readonly seen: Seen }> {
    const held = tools.upstream.held();
    const caller = await connect("/held");
    caller.send(Buffer.from("some"));
    const seen = await held;
    seen.request.resume();
    return { caller, seen };
  }

  test("the caller gives up before the answer", async () => {
    const { caller, seen } = await begun();
    let ended = false;
    seen.request.on("end", () => {
      ended = true;
    });
    const gone = closeOf(seen);
    caller.giveUp();
    await gone;
    expect(ended).toBe(false);
  });

  test("the caller gives up in the middle of the answer", async () => {
    const { caller, seen } = await begun();
    seen.response.write("part");
    expect(await caller.status()).toBe(200);
    await caller.some();
    const gone = closeOf(seen);
    caller.giveUp();
    await gone;
    expect(seen.response.writableFinished).toBe(false);
  });

  test("the resource breaks off before the answer", async () => {
    const { caller, seen } = await begun();
    seen.request.socket.destroy();
    expect(await caller.status()).toBe(502);
  });

  test("the resource breaks off in the middle of the answer", async () => {
    const { caller, seen } = await begun();
    caller.end();
    seen.response.write("part");
    await caller.some();
    seen.request.socket.destroy();
    expect(await caller.outcome()).toBe("broken");
  });

  test("an answer that is whole is told from those", async () => {
    const { caller, seen } = await begun();
    caller.end();
    seen.response.write("part");
    await caller.some();
    seen.response.end("rest");
    expect(await caller.outcome()).toBe("whole");
  });

  test("a download that nobody reads stops at its source, and goes on once it is read", async () => {
    const { caller, seen } = await begun();
    caller.end();
    caller.pause();
    const total = 100_000_000;
    const piece = Buffer.alloc(65_536);
    let written = 0;
    const more = () => {
      while (written < total) {
        written += piece.length;
        if (!seen.response.write(piece)) return;
      }
      seen.response.end();
    };
    seen.response.on("drain", more);
    more();
    // Nothing tells that nothing more will be taken: it is seen to stand still.
    for (let before = -1; before !== written; ) {
      before = written;
      await Bun.sleep(200);
    }
    expect(written).toBeLessThan(total / 2);
    if (connect === overHttp1) {
      caller.resume();
      await Promise.race([once(seen.response, "finish"), closeOf(seen)]);
      expect(seen.response.writableFinished).toBe(true);
    }
  }, 20_000);
});

test("a WebSocket over HTTP/2 is one of HTTP/1.1 at the resource, until either side closes", async () => {
  const upgraded = tools.upstream.upgrade();
  const raw = await RawH2.connect(tools.door.port);
  open = raw;
  const fields = [
    ...([
      [":method", "CONNECT"],
      [":protocol", "websocket"],
      [":scheme", "http"],
      [":path", "/socket"],
      [":authority", "localhost"],
    ] as const),
    ["sec-websocket-version", "13"],
    ["authorization", tools.login.slice("Authorization: ".length)],
  ] as const;
  raw.send(frame(headers, endHeaders, 1, block(...fields)));
  const { request, socket } = await upgraded;
  expect(request.method).toBe("GET");
  expect(request.headers).toMatchObject({ connection: "Upgrade", upgrade: "websocket" });
  expect(Buffer.from(request.headers["sec-websocket-key"] ?? "", "base64").length).toBe(16);
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  expect((await raw.of(headers, 1))?.payload[0]).toBe(0x88);
  // One text each way (RFC 6455, 5.2); the caller's is masked, with zeros.
  const fromThere = Buffer.from("\x81\x05there", "latin1");
  const fromHere = Buffer.from("\x81\x84\0\0\0\0here", "latin1");
  socket.write(fromThere);
  expect((await raw.of(data, 1))?.payload).toEqual(fromThere);
  raw.send(frame(data, 0, 1, fromHere));
  // The gateway chose a mask of its own.
  const [got] = (await once(socket, "data")) as [Buffer];
  const text = got.subarray(6).map((byte, at) => byte ^ (got[2 + (at % 4)] as number));
  expect([got[0], String(text)]).toEqual([0x81, "here"]);
  const ended = new Promise<void>((resolve) => {
    for (const event of ["end", "close"]) socket.on(event, () => resolve());
  });
  socket.resume();
  raw.send(frame(data, endStream, 1));
  await ended;
});

test("an upload that the resource does not read stops at its source, and arrives once it is read", async () => {
  const held = tools.upstream.held();
  const raw = await RawHttp.connect(tools.door.port);
  open = raw;
  const total = 100_000_000;
  raw.send(`POST /held HTTP/1.1\r\nHost: localhost\r\n${tools.login}\r\nContent-Length: ${total}\r\n\r\n`);
  const { request, response } = await held;
  for (let sent = 0; sent < total; sent += 1_000_000) raw.send(Buffer.alloc(1_000_000));
  // Nothing tells that nothing more will be taken: it is seen to stand still.
  for (let before = -1; before !== raw.socket.writableLength; ) {
    before = raw.socket.writableLength;
    await Bun.sleep(200);
  }
  expect(raw.socket.writableLength).toBeGreaterThan(total / 2);
  let received = 0;
  request.on("data", (part: Buffer) => {
    received += part.length;
  });
  await once(request, "end");
  expect(received).toBe(total);
  response.end("part");
  expect(await raw.until("part")).toMatch(/^HTTP\/1\.1 200 /);
}, 20_000);

test("a gateway that stops says GOAWAY, and what is under way is told why it ends", async () => {
  const stopped = await ToolsDoor.open(false);
  try {
    const held = stopped.upstream.held();
    const raw = await RawH2.connect(stopped.door.port);
    open = raw;
    const fields = [
      ...([
        [":method", "GET"],
        [":scheme", "http"],
        [":path", "/held"],
        [":authority", "a"],
      ] as const),
      ["authorization", stopped.login.slice("Authorization: ".length)],
    ] as const;
    raw.send(frame(headers, endHeaders | endStream, 1, block(...fields)));
    await held;
    // One signal to the supervisor (workers do not heed it): sessions have their ten seconds of grace, then end.
    for (const pid of stopped.door.gateway.processes()) process.kill(Number(pid), "SIGTERM");
    const told = await raw.of(data, 1);
    expect(JSON.parse(String(told?.payload))).toMatchObject({ status: 503, code: "gateway.stopping" });
    expect(await raw.goaway()).toBe(0);
  } finally {
    await stopped.close();
  }
}, 30_000);
