import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Wire } from "../../../core/plugin.ts";
import type { Serve } from "../exchange.ts";
import type { CallerOptions } from "../h1/caller.ts";
import { Fault } from "../h1/fault.ts";
import { Watchdog } from "../h1/watchdog.ts";
import { sendHead } from "./answer-head.ts";
import { StreamExchange } from "./caller-exchange.ts";
import { FrameGuard } from "./frame-guard.ts";
import { errorCodes, frameFlags, preface } from "./frames.ts";
import { GuardedStream } from "./guarded-stream.ts";
import { requestOf } from "./request-head.ts";

/** Streams that one caller's connection may have open. */
export const mostStreams = 200;

export type H2Options = Pick<CallerOptions, "limits" | "refuse"> & { readonly serve: Serve };

/** A caller's HTTP/2 connection: each stream is an exchange. Its preface is unread on the wire. */
export class H2Caller {
  readonly #guard: FrameGuard;
  readonly #session: ServerHttp2Session;
  readonly #watchdog = new Watchdog(() => this.#expired());
  /** Part of a block of fields is here: its rest has so long. */
  readonly #blockWatchdog = new Watchdog(() => this.#calm());
  #inBlock = false;
  #open = 0;

  constructor(
    readonly wire: Wire,
    readonly options: H2Options,
  ) {
    const { limits } = options;
    this.#guard = new FrameGuard(
      { header: limits.header, control: [4000, 400], vain: [mostStreams * 2, 50] },
      preface.length,
    );
    const socket = new GuardedStream(wire, this.#guard, {
      took: () => this.#took(),
      fault: () => this.#calm(),
    });
    this.#session = performServerHandshake(socket, {
      maxHeaderListPairs: 512,
      settings: {
        enableConnectProtocol: true,
        maxConcurrentStreams: mostStreams,
        maxHeaderListSize: limits.header,
      },
    });
    // `close` follows, behind the GOAWAY that says why.
    this.#session.on("error", () => {});
    this.#session.on("close", () => {
      this.#watchdog.end();
      this.#blockWatchdog.end();
      wire.end();
    });
    this.#session.on("stream", (stream, _headers: IncomingHttpHeaders, flags: number, raw: string[]) =>
      this.#serve(stream, flags, raw),
    );
    this.#watchdog.start(limits.idle);
  }

  /** GOAWAY: what is under way is let finish, and nothing more begins. */
  stop(): void {
    if (!this.#session.closed) this.#session.close();
  }

  #serve(stream: ServerHttp2Stream, flags: number, raw: readonly string[]): void {
    const id = stream.id ?? 0;
    let exchange: StreamExchange | undefined;
    this.#open++;
    this.#watchdog.stop();
    // What went wrong is told by `aborted` and `close`.
    stream.on("error", () => {});
    stream.on("close", () => {
      this.#guard.finished(id, exchange?.whole === true);
      this.#open--;
      if (this.#open === 0) this.#watchdog.start(this.options.limits.idle);
    });
    const ended = (flags & frameFlags.endStream) !== 0;
    try {
      exchange = new StreamExchange(stream, requestOf(raw, ended), ended, {
        wire: this.wire,
        dropped: this.options.limits.dropped,
        ended: (of) => this.#guard.ended(of),
      });
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      return this.#refuse(stream, fault);
    }
    this.options.serve(exchange);
  }

  #refuse(stream: ServerHttp2Stream, { status, reason }: Fault): void {
    const { head, body } = this.options.refuse(status, reason);
    sendHead(stream, head, body.length);
    stream.end(body);
    stream.close(0);
  }

  #took(): void {
    const { inBlock } = this.#guard;
    if (inBlock === this.#inBlock) return;
    this.#inBlock = inBlock;
    if (inBlock) this.#blockWatchdog.start(this.options.limits.head);
    else this.#blockWatchdog.stop();
  }

  /** RFC 9113, 10.5. */
  #calm(): void {
    this.#session.destroy(new Error("the caller's frames cost too much"), errorCodes.calm);
  }

  #expired(): void {
    if (this.#open === 0) this.stop();
  }
}
