import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** What the upstream has seen of one request. */
export interface Seen {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A plain web service to be reached through the gateway: bytes that can be told again, and hashes of what it is sent. */
export class WebUpstream {
  readonly #server: Server;
  readonly #waiting: ((seen: Seen) => void)[] = [];
  requests = 0;
  /** Connections. */
  open = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.requests++;
      request.on("error", () => {});
      response.on("error", () => {});
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://upstream");
      if (pathname === "/bytes") return bytes(request, response, Number(searchParams.get("n") ?? 0));
      if (pathname === "/hash") return void hashed(request, response);
      if (pathname === "/held") return this.#waiting.shift()?.({ request, response });
      response.end("hello");
    });
    this.#server.on("connection", (socket) => {
      this.open++;
      socket.once("close", () => this.open--);
    });
  }

  /** The next connection that is to be upgraded, which is left to the test. */
  upgrade(): Promise<{ readonly request: IncomingMessage; readonly socket: Duplex }> {
    return new Promise((resolve) =>
      this.#server.once("upgrade", (request: IncomingMessage, socket: Duplex) => {
        socket.on("error", () => {});
        resolve({ request, socket });
      }),
    );
  }

  static async start(): Promise<WebUpstream> {
    const upstream = new WebUpstream();
    upstream.#server.listen(0, "127.0.0.1");
    await once(upstream.#server, "listening");
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next request of `/held`, which is left to the test. */
  held(): Promise<Seen> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** `n` bytes that differ from place to place. */
export function pattern(n: number): Buffer {
  const all = Buffer.alloc(n);
  for (let at = 0; at < n; at++) all[at] = (at * 31 + (at >> 8) * 7) & 255;
  return all;
}

export function sha256(view: Uint8Array): string {
  return createHash("sha256").update(view).digest("hex");
}

function bytes(request: IncomingMessage, response: ServerResponse, n: number): void {
  const all = pattern(n);
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const part = from === undefined ? all : all.subarray(Number(from), Number(to) + 1);
  if (from !== undefined) {
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${from}-${to}/${n}`);
  }
  response.setHeader("content-type", "application/octet-stream");
  if (/gzip/.test(request.headers["accept-encoding"] ?? "") && from === undefined) {
    response.setHeader("content-encoding", "gzip");
    response.end(Bun.gzipSync(new Uint8Array(part)));
    return;
  }
  response.setHeader("content-length", part.length);
  response.end(part);
}

async function hashed(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash("sha256");
  let length = 0;
  try {
    for await (const part of request) {
      hash.update(part as Buffer);
      length += (part as Buffer).length;
    }
  } catch {
    return;
  }
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ bytes: length, sha256: hash.digest("hex") }));
}
