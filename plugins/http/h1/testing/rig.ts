import { connect, type Socket } from "node:net";
import type { Wire } from "../../../../core/plugin.ts";
import { connectWire, listenWires, type WireListener } from "../../../../core/socket.ts";
import type { Exchange, Serve } from "../../exchange.ts";
import { type CallerLimits, type CallerOptions, callerLimits, H1Caller } from "../caller.ts";
import { H1Resource } from "../resource.ts";

/** What came over a raw connection, and a way to wait for more of it. */
export class RawHttp {
  received: Buffer = Buffer.alloc(0);
  closed = false;
  #wake: () => void = () => {};

  private constructor(readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
    socket.on("end", () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async connect(port: number): Promise<RawHttp> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const raw = new RawHttp(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return raw;
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  get text(): string {
    return this.received.toString("latin1");
  }

  /** Up to what is looked for, which is taken with it; all there is where the connection ended before. */
  async until(wanted: string | RegExp): Promise<string> {
    for (;;) {
      const { text } = this;
      const match = typeof wanted === "string" ? text.indexOf(wanted) : text.search(wanted);
      const length = typeof wanted === "string" ? wanted.length : (wanted.exec(text)?.[0].length ?? 0);
      if (match >= 0) {
        this.received = this.received.subarray(match + length);
        return text.slice(0, match + length);
      }
      if (this.closed) return text;
      await this.#more();
    }
  }

  /** All that comes until the other side closes. */
  async end(): Promise<string> {
    while (!this.closed) await this.#more();
    return this.text;
  }

  close(): void {
    this.socket.destroy();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** A server of `serve` over a real socket. */
export class CallerRig {
  readonly callers: H1Caller[] = [];
  readonly #listener: WireListener;
  readonly #open: (RawHttp | Wire)[] = [];

  constructor(serve: Serve, limits: Partial<CallerLimits> = {}, more: Partial<CallerOptions> = {}) {
    this.#listener = listenWires({ host: "127.0.0.1", port: 0 }, (wire) => {
      this.#open.push(wire);
      this.callers.push(
        new H1Caller(wire, { limits: { ...callerLimits, ...limits }, serve, refuse, ...more }),
      );
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  async connect(): Promise<RawHttp> {
    const raw = await RawHttp.connect(this.port);
    this.#open.push(raw);
    return raw;
  }

  stop(): void {
    this.#listener.stop();
    for (const each of this.#open) "destroy" in each ? each.destroy() : each.close();
  }
}

const refuse: CallerOptions["refuse"] = (status, reason) => ({
  head: { status, reason: "", fields: ["Content-Type", "application/problem+json"] },
  body: Buffer.from(JSON.stringify({ status, code: reason.code, detail: reason.message })),
});

/** A connection to a resource that listens on this port, as the gateway makes it. */
export async function connectResource(port: number, header = 64 * 1024): Promise<H1Resource> {
  return new H1Resource(await connectWire({ host: "127.0.0.1", port, timeout: 5_000 }), { header });
}

/** A whole request: all of its body, and its trailers. */
export interface Whole {
  readonly exchange: Exchange;
  readonly body: Buffer;
  readonly trailers: readonly string[];
}

/** Reads an exchange's body to its end; rejects where it breaks off. */
export function whole(exchange: Exchange): Promise<Whole> {
  if (!exchange.body) return Promise.resolve({ exchange, body: Buffer.alloc(0), trailers: [] });
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    exchange.body?.pipe({
      data: (view) => pieces.push(Buffer.from(view)) > 0,
      end: (trailers) => resolve({ exchange, body: Buffer.concat(pieces), trailers }),
      broken: reject,
    });
  });
}

export function answer(exchange: Exchange, text = "", status = 200): void {
  exchange.respond({ status, reason: "", fields: [] }, text.length);
  exchange.write(Buffer.from(text, "latin1"));
  exchange.end();
}
