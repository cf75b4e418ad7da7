import { connect, type Socket } from "node:net";
import type { Wire } from "../../../../core/plugin.ts";
import { listenWires, type WireListener } from "../../../../core/socket.ts";
import type { Serve } from "../../exchange.ts";
import { type CallerLimits, type CallerOptions, callerLimits } from "../../h1/caller.ts";
import { H2Caller } from "../caller.ts";
import { frameTypes, preface } from "../frames.ts";
import { type Frame, firstFrame, frame, settings } from "./frame.ts";

/** A client that sends what it is told, frame by frame, and keeps what comes. */
export class RawH2 {
  readonly frames: Frame[] = [];
  closed = false;
  #rest: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  private constructor(readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      for (let next = firstFrame(this.#rest); next; next = firstFrame(this.#rest)) {
        this.frames.push(next.frame);
        this.#rest = next.rest;
      }
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** `begins`: the preface and these settings are sent. */
  static async connect(port: number, begins: Buffer | undefined = settings()): Promise<RawH2> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const raw = new RawH2(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    raw.send(preface, frame(frameTypes.settings, 0, 0, begins));
    return raw;
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** The first frame like this, once it is there; undefined: the connection closed without it. */
  async until(is: (frame: Frame) => boolean): Promise<Frame | undefined> {
    for (;;) {
      const found = this.frames.find(is);
      if (found || this.closed) return found;
      await this.#more();
    }
  }

  /** A frame of this type on this stream, as `until` tells it. */
  of(type: number, stream: number): Promise<Frame | undefined> {
    return this.until((each) => each.type === type && each.stream === stream);
  }

  /** The code of the GOAWAY that the connection is closed with; undefined: it was closed without one. */
  async goaway(): Promise<number | undefined> {
    while (!this.closed) await this.#more();
    return this.frames.find(({ type }) => type === frameTypes.goaway)?.payload.readUInt32BE(4);
  }

  /** Answers PING as a living peer, and tells that all before it was read. */
  async roundTrip(): Promise<void> {
    const before = this.frames.length;
    this.send(frame(frameTypes.ping, 0, 0, Buffer.alloc(8)));
    await this.until((each) => each.type === frameTypes.ping && this.frames.indexOf(each) >= before);
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
export class H2Rig {
  readonly callers: H2Caller[] = [];
  readonly #listener: WireListener;
  readonly #open: (RawH2 | Wire)[] = [];

  constructor(serve: Serve, limits: Partial<CallerLimits> = {}) {
    this.#listener = listenWires({ host: "127.0.0.1", port: 0 }, (wire) => {
      this.#open.push(wire);
      this.callers.push(new H2Caller(wire, { limits: { ...callerLimits, ...limits }, serve, refuse }));
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  async connect(begins?: Buffer): Promise<RawH2> {
    const raw = await RawH2.connect(this.port, begins);
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
