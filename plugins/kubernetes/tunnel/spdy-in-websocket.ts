import { across, closePayload, encodeFrame, FrameReader, opcodes, type Side } from "../../http/kit.ts";
import { streamFault } from "./fault.ts";
import type { Carried } from "./forward.ts";
import type { Out } from "./streams.ts";

/** A SPDY connection whose bytes are a WebSocket's binary messages (`SPDY/3.1+portforward.k8s.io`). */
export class SpdyInWebSocket implements Carried {
  readonly #readers: Readonly<Record<Side, FrameReader>>;
  readonly #inner: Carried;
  readonly #closed = new Set<Side>();

  constructor(
    readonly out: Out,
    inner: (out: Out) => Carried,
  ) {
    this.#inner = inner((to, bytes) => this.#frame(to, opcodes.binary, bytes));
    this.#readers = { caller: this.#reader("caller"), resource: this.#reader("resource") };
  }

  push(view: Buffer, from: Side): void {
    this.#readers[from].push(view);
  }

  leave(text: string): void {
    this.#inner.leave(text);
    this.#frame("caller", opcodes.close, closePayload(1008, text));
    this.#frame("resource", opcodes.close, closePayload(1001, ""));
  }

  over(): void {
    this.#inner.over();
  }

  #reader(from: Side): FrameReader {
    const to = across(from);
    return new FrameReader(from === "caller", {
      data: (view, { text }) => {
        if (text) throw streamFault("a message is text");
        this.#inner.push(view, from);
      },
      ping: (body) => this.#frame(to, opcodes.ping, body),
      pong: (body) => this.#frame(to, opcodes.pong, body),
      close: (code, text) =>
        this.#frame(to, opcodes.close, code === undefined ? text : closePayload(code, text.toString())),
    });
  }

  #frame(to: Side, opcode: (typeof opcodes)[keyof typeof opcodes], payload: Uint8Array): void {
    if (this.#closed.has(to)) return;
    if (opcode === opcodes.close) this.#closed.add(to);
    this.out(to, encodeFrame(opcode, true, payload, to === "resource"));
  }
}
