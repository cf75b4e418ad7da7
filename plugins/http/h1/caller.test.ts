import { afterEach, describe, expect, test } from "bun:test";
import type { Wire } from "../../../core/plugin.ts";
import type { Exchange, Serve } from "../exchange.ts";
import type { CallerLimits, CallerOptions } from "./caller.ts";
import { answer, CallerRig, type RawHttp, whole } from "./testing/rig.ts";

let rig: CallerRig;
afterEach(() => rig.stop());

/** A server and a client of it; the exchanges are handed over one by one. */
async function serving(
  serve: Serve,
  limits?: Partial<CallerLimits>,
  more?: Partial<CallerOptions>,
): Promise<RawHttp> {
  rig = new CallerRig(serve, limits, more);
  return rig.connect();
}

/** The next exchange that is served. */
function queue(): { readonly serve: Serve; next(): Promise<Exchange> } {
  const arrived: Exchange[] = [];
  const waiting: ((exchange: Exchange) => void)[] = [];
  return {
    serve(exchange) {
      const wake = waiting.shift();
      if (wake) wake(exchange);
      else arrived.push(exchange);
    },
    next() {
      const exchange = arrived.shift();
      return exchange ? Promise.resolve(exchange) : new Promise((resolve) => waiting.push(resolve));
    },
  };
}

/** Streams the wire until this has come over it; another byte fails. */
function streamed(wire: Wire, wanted: string): Promise<void> {
  let seen = "";
  return new Promise((resolve, reject) => {
    wire.stream({
      data(view) {
        seen += view.toString("latin1");
        if (seen === wanted) resolve();
        else if (!wanted.startsWith(seen)) reject(new Error(`${seen} came, not ${wanted}`));
      },
      drain() {},
      close: () => reject(new Error(`closed behind ${seen}`)),
    });
  });
}

const get = (path: string, ...lines: string[]) =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const post = (...lines: string[]) =>
  `POST / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;

describe("one exchange after another", () => {
  test("pipelined requests wait for the answers before theirs", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    client.send(get("/1") + get("/2"));
    const first = await next();
    expect(first.request.target).toBe("/1");
    const second = next();
    answer(first, "one");
    expect((await second).request.target).toBe("/2");
    answer(await second, "two");
    await client.until("two");
    expect(client.closed).toBe(false);
  });

  test("a thousand pipelined requests, each answered at once", async () => {
    const targets: string[] = [];
    const client = await serving((exchange) => {
      targets.push(exchange.request.target);
      answer(exchange, "x");
    });
    client.send(
      Array.from({ length: 1000 }, (_, index) => get(`/${index}`)).join("") + get("/", "Connection: close"),
    );
    expect((await client.end()).split("HTTP/1.1 200").length).toBe(1002);
    expect(targets.at(999)).toBe("/999");
  });

  test("no more of them is read than may wait", async () => {
    const { serve, next } = queue();
    const client = await serving(serve, { ahead: 4096 });
    const flood = Buffer.from(get("/").repeat(1_000_000), "latin1");
    client.send(flood);
    const exchange = await next();
    // The client's own buffer stays full: the gateway has stopped to read.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(client.socket.writableLength).toBeGreaterThan(flood.length / 2);
    exchange.abort();
    await client.end();
  });

  test("goes on after a body that nobody piped, and says so where it does not", async () => {
    const client = await serving((exchange) => answer(exchange, "early"), { dropped: 1000 });
    client.send(`${post("Content-Length: 500")}${"x".repeat(500)}${get("/")}`);
    await client.until("early");
    await client.until("early");
    client.send(`${post("Content-Length: 5000")}${"x".repeat(5000)}${get("/")}`);
    const text = await client.end();
    expect(text).toContain("Connection: close");
    expect(text.split("early").length).toBe(2);
  });

  test("a body in chunks that nobody pipes is dropped up to the bound", async () => {
    const client = await serving((exchange) => answer(exchange, "early"), { dropped: 1000 });
    const chunk = `64\r\n${"x".repeat(100)}\r\n`;
    client.send(`${post("Transfer-Encoding: chunked")}${chunk.repeat(5)}0\r\n\r\n${get("/")}`);
    await client.until("early");
    await client.until("early");
    client.send(post("Transfer-Encoding: chunked") + chunk.repeat(50));
    expect(await client.end()).toContain("early");
  });

  test("Connection: close, HTTP/1.0 and its keep-alive", async () => {
    const client = await serving((exchange) => answer(exchange, "x"));
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(await client.until("\r\n\r\nx")).toContain("Connection: keep-alive");
    client.send("GET / HTTP/1.0\r\n\r\n");
    expect(await client.end()).toContain("Connection: close");
    const other = await rig.connect();
    other.send(get("/", "Connection: close") + get("/"));
    expect((await other.end()).split("HTTP/1.1").length).toBe(2);
  });

  test("stop lets the exchange have its answer, and an idle connection go at once", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    const idle = await rig.connect();
    client.send(get("/"));
    const exchange = await next();
    for (const caller of rig.callers) caller.stop();
    expect(await idle.end()).toBe("");
    answer(exchange, "last");
    const text = await client.end();
    expect(text).toContain("Connection: close");
    expect(text.endsWith("last")).toBe(true);
  });
});

describe("answers", () => {
  test("framed as they are handed over, one write a piece", async () => {
    const client = await serving((exchange) => {
      const { target } = exchange.request;
      const head = {
        status: target === "/204" ? 204 : target === "/304" ? 304 : 200,
        reason: "OK",
        fields: ["X", "y"],
      };
      exchange.respond(head, target === "/chunked" ? "chunked" : target === "/none" ? "none" : 3);
      exchange.write(Buffer.from("abc"));
      exchange.end(["T", "z"]);
    });
    client.send(get("/chunked"));
    expect(await client.until("T: z\r\n\r\n")).toBe(
      "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: z\r\n\r\n",
    );
    client.send(get("/3"));
    expect(await client.until("abc")).toBe("HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 3\r\n\r\nabc");
    client.send(get("/204"));
    expect(await client.until("\r\n\r\n")).toBe("HTTP/1.1 204 OK\r\nX: y\r\n\r\n");
    client.send(get("/304"));
    expect(await client.until("\r\n\r\n")).toBe("HTTP/1.1 304 OK\r\nX: y\r\nContent-Length: 3\r\n\r\n");
    client.send("HEAD /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.until("\r\n\r\n")).toBe("HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 3\r\n\r\n");
    client.send("HEAD /chunked HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.until("\r\n\r\n")).toContain("Transfer-Encoding: chunked");
    client.send("GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(await client.end()).toBe("HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nabc");
  });

  test("more bytes than were told, or fewer, break the connection", async () => {
    const client = await serving((exchange) => {
      exchange.respond({ status: 200, reason: "", fields: [] }, 3);
      exchange.write(Buffer.from(exchange.request.target));
      exchange.end();
    });
    client.send(get("/long"));
    expect(await client.end()).not.toContain("/long");
    const other = await rig.connect();
    other.send(get("/1"));
    await other.end();
    expect(other.closed).toBe(true);
  });

  test("a head is sent although its body takes time", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    client.send(get("/"));
    const exchange = await next();
    exchange.respond({ status: 200, reason: "", fields: [] }, "chunked");
    expect(await client.until("\r\n\r\n")).toContain("200");
    exchange.write(Buffer.from("event"));
    expect(await client.until("event\r\n")).toBe("5\r\nevent\r\n");
  });

  test("an answer that is broken off is seen as cut", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    client.send(get("/"));
    const exchange = await next();
    let gone = false;
    exchange.gone = () => {
      gone = true;
    };
    exchange.respond({ status: 200, reason: "", fields: [] }, "chunked");
    exchange.write(Buffer.from("abc"));
    await client.until("abc\r\n");
    exchange.abort();
    expect(await client.end()).toBe("");
    expect(gone).toBe(false);
  });

  test("a value that would end its line is never sent", async () => {
    const codes: string[] = [];
    const client = await serving((exchange) => {
      for (const fields of [
        ["X", "a\r\nSet-Cookie: b"],
        ["X", "a\nb"],
        ["X", "a\0"],
        ["X", "\u010d\u010a"],
        ["X\r\nY", "z"],
        ["X: y", "z"],
        ["", "z"],
        ["Content-Length", "9"],
        ["transfer-encoding", "chunked"],
      ]) {
        try {
          exchange.respond({ status: 200, reason: "", fields }, 0);
        } catch (error) {
          codes.push((error as { code: string }).code);
        }
      }
      try {
        exchange.respond({ status: 200, reason: "OK\r\nX: y", fields: [] }, 0);
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
      answer(exchange, "fine");
    });
    client.send(get("/", "Connection: close"));
    expect(await client.end()).toBe("HTTP/1.1 200 \r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine");
    expect(codes).toEqual(Array.from({ length: 10 }, () => "http.unsafe"));
  });

  test("a slow caller holds back who writes, and lets go", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    client.socket.pause();
    client.send(get("/"));
    const exchange = await next();
    const piece = Buffer.alloc(1024 * 1024, 120);
    exchange.respond({ status: 200, reason: "", fields: [] }, "chunked");
    let pieces = 1;
    while (exchange.write(piece)) pieces++;
    const drained = new Promise<void>((resolve) => {
      exchange.drained = resolve;
    });
    client.socket.resume();
    await drained;
    exchange.end();
    expect((await client.until("\r\n0\r\n\r\n")).split("x").length - 1).toBe(pieces * piece.length);
  });
});

describe("bodies", () => {
  test("a sink that holds back is given no more until it goes on", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    client.send(post("Content-Length: 8000000"));
    const exchange = await next();
    let taken = 0;
    let calls = 0;
    const held = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    exchange.body?.pipe({
      data(view) {
        taken += view.length;
        calls++;
        held.resolve();
        return calls > 1;
      },
      end: () => ended.resolve(),
      broken: ended.reject,
    });
    client.send(Buffer.alloc(8_000_000));
    await held.promise;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(calls).toBe(1);
    exchange.body?.resume();
    await ended.promise;
    expect(taken).toBe(8_000_000);
    answer(exchange, "done");
    await client.until("done");
  });

  test("a body that waits to be piped is all there", async () => {
    const { serve, next } = queue();
    const client = await serving(serve, { ahead: 1000 });
    client.send(`${post("Transfer-Encoding: chunked")}3\r\nabc\r\n`);
    const exchange = await next();
    client.send(`${"5\r\nabcde\r\n".repeat(10_000)}0\r\nX-T: y\r\n\r\n`);
    const { body, trailers } = await whole(exchange);
    expect(body.length).toBe(50_003);
    expect(trailers).toEqual(["X-T", "y"]);
  });

  test("a caller that goes away breaks the body and is told as gone, once", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    client.send(`${post("Content-Length: 10")}abc`);
    const exchange = await next();
    const gone = Promise.withResolvers<void>();
    exchange.gone = gone.resolve;
    const body = whole(exchange).catch((error: { code: string }) => error.code);
    client.close();
    await gone.promise;
    expect(await body).toBe("wire.closed");
  });

  test("chunks that break off after the answer began break the answer", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    client.send(`${post("Transfer-Encoding: chunked")}3\r\nabc\r\n`);
    const exchange = await next();
    const body = whole(exchange).catch((error: { code: string }) => error.code);
    exchange.respond({ status: 200, reason: "", fields: [] }, "chunked");
    exchange.write(Buffer.from("partial"));
    await client.until("partial\r\n");
    client.send("nonsense");
    expect(await client.end()).toBe("");
    expect(await body).toBe("http.malformed");
  });
});

describe("Expect: 100-continue", () => {
  test("100 is said once, and the body follows", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    client.send(post("Expect: 100-continue", "Content-Length: 3"));
    const exchange = await next();
    expect(exchange.expectsContinue).toBe(true);
    exchange.inform({ status: 100, reason: "Continue", fields: [] });
    exchange.inform({ status: 100, reason: "Continue", fields: [] });
    expect(await client.until("\r\n\r\n")).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    expect((await whole(exchange)).body.toString()).toBe("abc");
    answer(exchange, "done");
    expect(await client.until("done")).toStartWith("HTTP/1.1 200");
    expect(client.closed).toBe(false);
  });

  test("an answer without it closes: the body may come or not", async () => {
    const client = await serving((exchange) => answer(exchange, "no", 403));
    client.send(post("Expect: 100-continue", "Content-Length: 3") + get("/"));
    const text = await client.end();
    expect(text).toContain("403");
    expect(text).toContain("Connection: close");
    expect(text.split("HTTP/1.1").length).toBe(2);
  });

  test("who did not ask is told no 100; 103 reaches all but HTTP/1.0", async () => {
    const client = await serving((exchange) => {
      exchange.inform({ status: 100, reason: "Continue", fields: [] });
      exchange.inform({ status: 103, reason: "Early Hints", fields: ["Link", "</a>"] });
      answer(exchange, "x");
    });
    client.send(get("/"));
    expect(await client.until("x")).toStartWith("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200");
    client.send("GET / HTTP/1.0\r\n\r\n");
    expect(await client.end()).toStartWith("HTTP/1.1 200");
  });

  test("another expectation is 417", async () => {
    const client = await serving(() => {});
    client.send(post("Expect: 200-ok", "Content-Length: 3"));
    expect(await client.end()).toStartWith("HTTP/1.1 417");
  });
});

describe("time", () => {
  test("a head that does not come to its end is answered 408", async () => {
    const client = await serving(() => {}, { head: 50 });
    client.send("GET / HTTP/1.1\r\nHost: a\r\n");
    const trickle = setInterval(() => client.send("X: y\r\n"), 10);
    expect(await client.end()).toStartWith("HTTP/1.1 408");
    clearInterval(trickle);
  });

  test("an idle connection is closed without a word", async () => {
    const client = await serving((exchange) => answer(exchange, "x"), { idle: 50 });
    expect(await client.end()).toBe("");
    const other = await rig.connect();
    other.send(get("/"));
    await other.until("x");
    expect(await other.end()).toBe("");
  });

  test("an exchange may take as long as it takes", async () => {
    const { serve, next } = queue();
    const client = await serving(serve, { idle: 20, head: 20 });
    client.send(get("/"));
    const exchange = await next();
    await new Promise((resolve) => setTimeout(resolve, 80));
    answer(exchange, "late");
    expect(await client.end()).toContain("late");
  });
});

describe("a caller that does not read", () => {
  test("is given up, and told as gone", async () => {
    const { serve, next } = queue();
    const client = await serving(serve, { stall: 50 });
    client.socket.pause();
    client.send(get("/"));
    const exchange = await next();
    const gone = new Promise<void>((resolve) => {
      exchange.gone = resolve;
    });
    exchange.respond({ status: 200, reason: "", fields: [] }, "chunked");
    while (exchange.write(Buffer.alloc(1024 * 1024)));
    await gone;
    expect(exchange.caller.closed).toBe(true);
  });

  test("one that takes a little each time is not", async () => {
    const { serve, next } = queue();
    const client = await serving(serve, { stall: 10 });
    client.send(get("/"));
    const exchange = await next();
    let looks = 0;
    const gone = new Promise<number>((resolve) => {
      exchange.gone = () => resolve(looks);
    });
    // A byte less at each look, up to the tenth: as if the caller read that slowly.
    Object.defineProperty(exchange.caller, "backlog", { get: () => 1000 - Math.min(++looks, 10) });
    exchange.caller.write = () => false;
    exchange.respond({ status: 200, reason: "", fields: [] }, "chunked");
    exchange.write(Buffer.from("x"));
    expect(await gone).toBeGreaterThan(10);
  });
});

describe("other protocols", () => {
  test("101, and then the wire, with what was sent ahead", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    client.send(
      `${get("/", "Connection: keep-alive, Upgrade", "Upgrade: WebSocket", "Sec-WebSocket-Key: x")}early`,
    );
    const exchange = await next();
    expect(exchange.upgrade).toBe("websocket");
    const wire = exchange.switch({ status: 101, reason: "Switching Protocols", fields: ["X", "y"] });
    expect(await client.until("\r\n\r\n")).toBe(
      "HTTP/1.1 101 Switching Protocols\r\nX: y\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    client.send(" late");
    await streamed(wire, "early late");
    wire.write(Buffer.from("frames"));
    expect(await client.until("frames")).toBe("frames");
  });

  test("what arrives before somebody streams the wire keeps its order", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    client.send(`${get("/", "Connection: Upgrade", "Upgrade: x")}a`);
    const wire = (await next()).switch({ status: 101, reason: "", fields: [] });
    await client.until("\r\n\r\n");
    for (const piece of ["b", "c", "d"]) {
      const before = wire.unread;
      client.send(piece);
      while (wire.unread === before) await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await wire.read(2)).toString()).toBe("ab");
    client.send("e");
    await streamed(wire, "cde");
  });

  test("HTTP/2 without asking, with its preface unread", async () => {
    const { promise, resolve } = Promise.withResolvers<Wire>();
    const client = await serving(() => {}, {}, { preface: resolve });
    client.send("PRI * HTTP/2.0\r\n");
    client.send("\r\nSM\r\n\r\nframes");
    await streamed(await promise, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nframes");
  });

  test("HTTP/2 by Upgrade, in the first request only", async () => {
    const { promise, resolve } = Promise.withResolvers<readonly [Wire, string, string]>();
    const client = await serving(
      (exchange) => answer(exchange, "still 1.1"),
      {},
      {
        h2c: (wire, head, settings) => resolve([wire, head.target, settings]),
      },
    );
    const ask = get("/a", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMA");
    client.send(`${ask}PRI`);
    expect(await client.until("\r\n\r\n")).toContain("HTTP/1.1 101");
    const [wire, target, settings] = await promise;
    expect([target, settings]).toEqual(["/a", "AAMA"]);
    await streamed(wire, "PRI");
    const other = await rig.connect();
    other.send(get("/") + ask);
    await other.until("still 1.1");
    expect(await other.until("still 1.1")).toStartWith("HTTP/1.1 200");
  });
});

describe("what is handed on", () => {
  test("nothing of this hop: neither what frames nor what Connection names", async () => {
    const { serve, next } = queue();
    const client = await serving(serve);
    client.send(
      `${post(
        ...[
          "Connection: keep-alive, x-hop, Upgrade",
          "X-Hop: y",
          "X-Stays: z",
          "Keep-Alive: 5",
          "TE: trailers",
        ],
        ...["Trailer: X", "Transfer-Encoding: chunked", "Upgrade: websocket", "Proxy-Connection: close"],
      )}0\r\n\r\n`,
    );
    const exchange = await next();
    expect(exchange.request).toEqual({
      ...{ method: "POST", target: "/", authority: "a", version: "1.1" },
      fields: ["Host", "a", "X-Stays", "z"],
    });
    expect(exchange.upgrade).toBeUndefined();
  });
});
