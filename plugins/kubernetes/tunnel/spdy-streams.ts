import { across, type Side } from "../../http/kit.ts";
import { streamFault } from "./fault.ts";
import type { Headers } from "./spdy/headers.ts";
import { SpdyRelay, type StreamSink } from "./spdy/relay.ts";
import { type Out, type StreamName, type Streams, type StreamsSink, sourceOf } from "./streams.ts";

/** The protocols of exec and attach over SPDY (`X-Stream-Protocol-Version`) and whether errors are Status objects. */
export const spdyForms: ReadonlyMap<string, { readonly status: boolean }> = new Map([
  ["v5.channel.k8s.io", { status: true }],
  ["v4.channel.k8s.io", { status: true }],
  ["v3.channel.k8s.io", { status: false }],
  ["v2.channel.k8s.io", { status: false }],
  ["channel.k8s.io", { status: false }],
]);

const names: ReadonlySet<string> = new Set<StreamName>(["stdin", "stdout", "stderr", "error", "resize"]);

/** Streams as those of a SPDY connection, each named by its header `streamtype`. */
export class SpdyStreams implements Streams, StreamSink {
  readonly #relay: SpdyRelay;
  readonly #names = new Map<number, StreamName>();
  readonly #ids = new Map<StreamName, number>();

  constructor(
    out: Out,
    readonly sink: StreamsSink,
  ) {
    this.#relay = new SpdyRelay(out, this, names.size);
  }

  push(view: Buffer, from: Side): void {
    this.#relay.push(view, from);
  }

  send(name: StreamName, bytes: Uint8Array): void {
    const id = this.#ids.get(name);
    if (id !== undefined) this.#relay.send(across(sourceOf(name)), id, bytes);
  }

  end(name: StreamName): void {
    const id = this.#ids.get(name);
    if (id !== undefined) this.#relay.end(across(sourceOf(name)), id);
  }

  leave(status: Buffer): void {
    this.send("error", status);
    for (const name of ["stdout", "stderr", "error"] as const) this.end(name);
    this.#relay.leave("caller");
  }

  opened(stream: number, headers: Headers): void {
    const name = headers.get("streamtype") ?? "";
    if (!isName(name) || this.#ids.has(name)) throw streamFault("it opens a stream that no command has");
    this.#names.set(stream, name);
    this.#ids.set(name, stream);
  }

  data(stream: number, from: Side, view: Buffer): void {
    const name = this.#names.get(stream);
    if (name === undefined || sourceOf(name) !== from) throw streamFault("a stream runs the wrong way");
    this.sink.data(name, view);
  }

  ended(stream: number, from: Side): void {
    const name = this.#names.get(stream);
    if (name !== undefined && sourceOf(name) === from) this.sink.ended(name);
    else this.#relay.end(across(from), stream);
  }

  reset(stream: number): void {
    const name = this.#names.get(stream);
    if (name !== undefined) this.sink.ended(name);
  }

  leaving(): void {
    this.sink.leaving();
  }
}

function isName(name: string): name is StreamName {
  return names.has(name);
}
