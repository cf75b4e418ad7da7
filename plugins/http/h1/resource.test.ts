import { afterEach, describe, expect, test } from "bun:test";
import { createServer as createHttpServer, type Server as NodeServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { PosternError, Wire } from "../../../core/plugin.ts";
import type { AnswerSink, BodyLength, Sending } from "../exchange.ts";
import type { Fields, RequestHead, ResponseHead } from "../message.ts";
import type { H1Resource } from "./resource.ts";
import { connectResource } from "./testing/rig.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A resource that is played by hand: what it was sent so far, and its socket. */
async function played(play: (socket: Socket, received: () => string) => void): Promise<H1Resource> {
  const server: Server = createServer((socket) => {
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      play(socket, () => text);
    });
    closing.push(() => socket.destroy());
  });
  return connected(server);
}

async function connected(server: Server | NodeServer): Promise<H1Resource> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  const resource = await connectResource((server.address() as AddressInfo).port);
  closing.push(() => resource.close());
  return resource;
}

/** Answers each whole head with these bytes. */
function answering(...answers: readonly string[]): Promise<H1Resource> {
  let next = 0;
  return played((socket, received) => {
    while (next < received().split("\r\n\r\n").length - 1)
      socket.write(Buffer.from(answers[next++] ?? "", "latin1"));
  });
}

const request = (method = "GET", fields: Fields = []): RequestHead => ({
  ...{ method, target: "/", authority: "shop.example", version: "1.1", fields },
});

/** All that one request was told, in order. */
class Told implements AnswerSink {
  readonly informed: number[] = [];
  answered: ResponseHead | undefined;
  length: BodyLength | undefined;
  body = "";
  trailers: Fields | undefined;
  error: PosternError | undefined;
  sent: boolean | undefined;
  wire: Wire | undefined;
  takes = true;
  onDrained: () => void = () => {};
  readonly done: Promise<this>;
  readonly begun: Promise<void>;
  #finish: () => void = () => {};
  #begin: () => void = () => {};

  constructor() {
    this.done = new Promise((resolve) => {
      this.#finish = () => resolve(this);
    });
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }
  inform(head: ResponseHead): void {
    this.informed.push(head.status);
  }
  head(head: ResponseHead, length: BodyLength): void {
    this.answered = head;
    this.length = length;
    this.#begin();
  }
  data(view: Uint8Array): boolean {
    this.body += Buffer.from(view).toString("latin1");
    return this.takes;
  }
  end(trailers: Fields): void {
    this.trailers = trailers;
    this.#finish();
  }
  switched(head: ResponseHead, wire: Wire): void {
    this.answered = head;
    this.wire = wire;
    this.#finish();
  }
  broken(error: PosternError, sent: boolean): void {
    this.error = error;
    this.sent = sent;
    this.#finish();
  }
  drained(): void {
    this.onDrained();
  }
}

/** Sends a request without a body, and waits for all of the answer. */
function ask(resource: H1Resource, method = "GET", upgrade?: string): Promise<Told> {
  const told = new Told();
  resource.send(request(method), "none", upgrade, told);
  return told.done;
}

describe("against node:http", () => {
  test("bodies both ways, and the connection used again", async () => {
    const ports = new Set<number | undefined>();
    const server = createHttpServer((incoming, outgoing) => {
      ports.add(incoming.socket.remotePort);
      let body = "";
      incoming.on("data", (chunk) => {
        body += chunk;
      });
      incoming.on("end", () => {
        outgoing.setHeader("Trailer", "X-T");
        outgoing.write(`${incoming.method} ${incoming.url} ${incoming.headers.host} ${body.length} `);
        outgoing.addTrailers({ "X-T": String(incoming.trailers["x-t"]) });
        outgoing.end(
          JSON.stringify(incoming.headers["transfer-encoding"] ?? incoming.headers["content-length"]),
        );
      });
    });
    const resource = await connected(server);
    const bodies: readonly [BodyLength, string, string][] = [
      ["none", "", "0"],
      [5, "abcde", "5"],
      ["chunked", "abcdefg", "chunked"],
    ];
    for (const [length, body, framed] of bodies) {
      const told = new Told();
      const sending = resource.send(request("POST"), length, undefined, told);
      if (body !== "") sending.write(Buffer.from(body));
      if (length !== "none") sending.end(["X-T", "y"]);
      await told.done;
      expect(told.body).toBe(`POST / shop.example ${body.length} "${framed}"`);
      expect(told.length).toBe("chunked");
      expect(told.trailers?.[1]).toBe(length === "chunked" ? "y" : "undefined");
      expect(resource.free).toBe(true);
    }
    expect(ports.size).toBe(1);
  });

  test("100 MB each way, held back now and then", async () => {
    const server = createHttpServer((incoming, outgoing) => incoming.pipe(outgoing));
    const resource = await connected(server);
    const told = new Told();
    let received = 0;
    const piece = Buffer.alloc(1024 * 1024, 97);
    let left = process.env.POSTERN_LONG ? 100 : 20;
    const wanted = left * piece.length;
    let sending: Sending | undefined;
    told.data = (view) => {
      received += view.length;
      if (received % 3 !== 0) return true;
      setImmediate(() => sending?.resume());
      return false;
    };
    sending = resource.send(request("POST"), "chunked", undefined, told);
    const feed = () => {
      while (left > 0) {
        left--;
        if (!sending?.write(piece)) return;
      }
      sending?.end();
    };
    told.onDrained = feed;
    feed();
    await told.done;
    expect(told.error).toBeUndefined();
    expect(received).toBe(wanted);
    expect(resource.free).toBe(true);
  }, 60_000);
});

describe("where an answer ends", () => {
  test("by the request's method and the status, not by what is told", async () => {
    const resource = await answering(
      "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc",
    );
    expect(await ask(resource, "HEAD")).toMatchObject({ length: 1000, body: "", trailers: [] });
    expect(await ask(resource)).toMatchObject({ length: 1000, body: "", trailers: [] });
    expect(await ask(resource)).toMatchObject({ length: "none", body: "", trailers: [] });
    expect(await ask(resource, "HEAD")).toMatchObject({ length: "chunked", body: "" });
    expect(await ask(resource)).toMatchObject({ length: 3, body: "abc" });
    expect(resource.free).toBe(true);
  });

  test("by the end of the connection, where nothing else tells", async () => {
    const resource = await played((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nall of it"));
    expect(await ask(resource)).toMatchObject({ length: "chunked", body: "all of it", trailers: [] });
    expect(resource.free).toBe(false);
  });

  test("cut short, in its head, its length or its chunks", async () => {
    for (const cut of [
      "",
      "HTTP/1.1 200 OK\r\nContent-Len",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ]) {
      const resource = await played((socket) => socket.end(cut));
      const { error, sent, trailers } = await ask(resource);
      expect({ code: error?.code, sent, trailers }).toEqual({
        code: "wire.closed",
        sent: true,
        trailers: undefined,
      });
    }
  });

  test("an answer that says it is the last one", async () => {
    for (const last of [
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    ]) {
      const resource = await answering(last);
      await ask(resource);
      expect(resource.free).toBe(false);
    }
  });
});

describe("what is no answer", () => {
  const broken = {
    "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "equal lengths": "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a length and chunks":
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunks of HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
    "a folded line": "HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n",
    "line feeds alone": "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "a carriage return in a value": "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
    "NUL in a value": "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
    "a space before a colon": "HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nabc",
    junk: "junk\r\n\r\n",
    "HTTP/2": "HTTP/2.0 200 OK\r\n\r\n",
    "a status of two digits": "HTTP/1.1 20 OK\r\n\r\n",
    "a status of six hundred": "HTTP/1.1 600 OK\r\n\r\n",
    "an ICY answer": "ICY 200 OK\r\n\r\n",
    "a malformed chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    "a trailer that frames":
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\n",
    "a head without an end": `HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}`,
    "a switch that nobody asked for":
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "being put off for ever": "HTTP/1.1 102 Processing\r\n\r\n".repeat(100),
    "an interim answer that closes": "HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n",
  };
  test.each(Object.entries(broken))("%s", async (_name, bytes) => {
    const resource = await answering(bytes);
    const { error, sent, trailers } = await ask(resource);
    expect({ code: error?.code, sent, trailers }).toEqual({
      code: "http.answer",
      sent: true,
      trailers: undefined,
    });
    expect(resource.free).toBe(false);
  });

  test("a switch to something else than was asked for", async () => {
    const resource = await answering("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n");
    expect((await ask(resource, "GET", "websocket")).error?.code).toBe("http.answer");
  });

  test("what comes behind an answer closes the connection and answers nobody", async () => {
    const resource = await answering(
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    );
    expect(await ask(resource)).toMatchObject({ body: "abc", trailers: [] });
    expect(resource.free).toBe(false);
    expect(await ask(resource)).toMatchObject({ sent: false, body: "", answered: undefined });
  });

  test("what comes while nobody asks closes the connection", async () => {
    let socket: Socket | undefined;
    const resource = await played((opened) => {
      socket = opened;
      opened.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    await ask(resource);
    expect(resource.free).toBe(true);
    socket?.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    await resource.wire.gone;
    expect(resource.free).toBe(false);
  });
});

describe("requests", () => {
  test("not sent at all on a connection that had been closed", async () => {
    let socket: Socket | undefined;
    const resource = await played((opened) => {
      socket = opened;
      opened.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    await ask(resource);
    socket?.end();
    await resource.wire.gone;
    expect(resource.free).toBe(false);
    const { error, sent } = await ask(resource);
    expect({ code: error?.code, sent }).toEqual({ code: "wire.closed", sent: false });
  });

  test("a second one while the first is on its way is not sent", async () => {
    const resource = await played(() => {});
    resource.send(request(), "none", undefined, new Told());
    expect(resource.free).toBe(false);
    expect(await ask(resource)).toMatchObject({ sent: false });
  });

  test("an answer before the body ended is whole, and the connection is not used again", async () => {
    const resource = await answering("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    const told = new Told();
    const sending = resource.send(request("POST"), "chunked", undefined, told);
    sending.write(Buffer.from("some of it"));
    await told.done;
    expect(told).toMatchObject({ body: "no", error: undefined });
    expect(resource.free).toBe(false);
    expect(sending.write(Buffer.from("more"))).toBe(true);
    sending.end();
  });

  test("a sending has no effect once its answer is whole", async () => {
    const seen: string[] = [];
    const resource = await played((socket, received) => {
      seen.push(received());
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    const first = new Told();
    const sending = resource.send(request("POST"), 3, undefined, first);
    sending.write(Buffer.from("abc"));
    sending.end();
    await first.done;
    sending.write(Buffer.from("GET /evil HTTP/1.1\r\n\r\n"));
    sending.end();
    sending.abort();
    expect(resource.free).toBe(true);
    expect((await ask(resource)).trailers).toEqual([]);
    expect(seen.at(-1)).not.toContain("evil");
  });

  test("100 is told, and the body follows it", async () => {
    const resource = await played((socket, received) => {
      const text = received();
      if (text.endsWith("\r\n\r\n")) socket.write("HTTP/1.1 100 Continue\r\n\r\n");
      if (text.endsWith("abc")) socket.write("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    });
    const told = new Told();
    const informed = Promise.withResolvers<void>();
    told.inform = ({ status }) => {
      told.informed.push(status);
      informed.resolve();
    };
    const sending = resource.send(request("PUT", ["Expect", "100-continue"]), 3, undefined, told);
    await informed.promise;
    sending.write(Buffer.from("abc"));
    sending.end();
    await told.done;
    expect(told.informed).toEqual([100]);
    expect(told.answered?.status).toBe(201);
  });

  test("switches, with what came right behind the head", async () => {
    let seen = "";
    const resource = await played((socket, received) => {
      seen = received();
      if (!seen.endsWith("\r\n\r\n")) return;
      socket.write(
        "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\nX: y\r\n\r\nframes",
      );
    });
    const { answered, wire } = await ask(resource, "GET", "websocket");
    expect(seen).toBe(
      "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    expect(answered?.fields).toEqual(["X", "y"]);
    const got = await new Promise<string>((resolve) => {
      wire?.stream({ data: (view) => resolve(view.toString()), drain() {}, close() {} });
    });
    expect(got).toBe("frames");
    expect(resource.free).toBe(false);
  });

  test("another answer to who wanted to switch is an answer", async () => {
    const resource = await answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    expect(await ask(resource, "GET", "websocket")).toMatchObject({ body: "no", wire: undefined });
    expect(resource.free).toBe(true);
  });

  test("a head that would break its framing is not sent", async () => {
    const resource = await played(() => {});
    const heads: RequestHead[] = [
      request("GET", ["X", "a\r\nb: c"]),
      request("GET", ["X", "\u010a"]),
      request("GET", ["Host", "a", "host", "b"]),
      request("GET", ["Content-Length", "3"]),
      request("GET /evil HTTP/1.1\r\nX:"),
      { ...request(), target: "/ HTTP/1.1\r\nX: y" },
      { ...request(), target: "" },
      { ...request(), authority: "a\r\nX: y" },
    ];
    for (const head of heads) {
      expect(() => resource.send(head, "none", undefined, new Told())).toThrow("break its framing");
    }
    expect(resource.free).toBe(true);
  });

  test("a body that is shorter or longer than told is never completed", async () => {
    for (const body of ["ab", "abcd"]) {
      let seen = "";
      const resource = await played((_, received) => {
        seen = received();
      });
      const told = new Told();
      const sending = resource.send(request("POST"), 3, undefined, told);
      sending.write(Buffer.from(body));
      sending.end();
      expect((await told.done).error?.code).toBe("wire.closed");
      expect(seen).not.toContain("abc");
    }
  });

  test("who gives up is not called back, and the resource sees the connection end", async () => {
    const ended = Promise.withResolvers<void>();
    const resource = await played((socket) => {
      socket.on("close", () => ended.resolve());
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    });
    const told = new Told();
    const sending = resource.send(request(), "none", undefined, told);
    await told.begun;
    sending.abort();
    await ended.promise;
    expect(told).toMatchObject({ error: undefined, trailers: undefined });
  });
});
