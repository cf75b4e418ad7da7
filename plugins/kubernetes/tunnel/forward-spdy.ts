import { across, type Intake, type Side, type Tunnel } from "../../http/kit.ts";
import { streamFault } from "./fault.ts";
import type { Carried } from "./forward.ts";
import { ForwardRecord } from "./forward-record.ts";
import type { Headers } from "./spdy/headers.ts";
import { SpdyRelay, type StreamSink } from "./spdy/relay.ts";
import type { Out } from "./streams.ts";

/** Streams that may be open at once: two a connection. */
const mostStreams = 512;

interface Forwarded {
  readonly record: ForwardRecord;
  /** Who has sent its last, or gave it up. */
  readonly ended: Set<Side>;
}

/** Connections to ports of a pod, each two streams of a SPDY connection: `data`, and `error` for what went wrong. */
export class SpdyForward implements Carried, StreamSink {
  readonly #relay: SpdyRelay;
  readonly #forwards = new Map<number, Forwarded>();

  constructor(
    out: Out,
    readonly tunnel: Tunnel,
    readonly intake: Intake,
    /** `prod/pods/web`. */
    readonly pod: string,
  ) {
    this.#relay = new SpdyRelay(out, this, mostStreams);
  }

  push(view: Buffer, from: Side): void {
    this.#relay.push(view, from);
  }

  leave(): void {
    this.#relay.leave("caller");
  }

  over(): void {
    for (const { record } of this.#forwards.values()) record.over();
    this.#forwards.clear();
  }

  opened(stream: number, headers: Headers): void {
    const [type, port] = [headers.get("streamtype"), headers.get("port") ?? ""];
    if (type !== "data" && type !== "error") throw streamFault("it opens a stream that no port-forward has");
    if (!/^\d{1,5}$/.test(port)) throw streamFault("it names no port");
    if (type === "data") {
      const record = new ForwardRecord(this.tunnel, `tcp ${this.pod}:${Number(port)}`);
      this.#forwards.set(stream, { record, ended: new Set() });
    }
  }

  data(stream: number, from: Side, view: Buffer): void {
    if (from === "caller") this.intake.add(view.length);
    this.#forwards.get(stream)?.record.add(from, view);
    this.#relay.send(across(from), stream, view);
  }

  ended(stream: number, from: Side): void {
    const forward = this.#forwards.get(stream);
    forward?.ended.add(from);
    this.#relay.end(across(from), stream);
    if (forward?.ended.size === 2) this.reset(stream);
  }

  reset(stream: number): void {
    this.#forwards.get(stream)?.record.over();
    this.#forwards.delete(stream);
  }

  leaving(): void {}
}
