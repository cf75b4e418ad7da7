import type { PosternError, Reason, Wire, WireSink } from "../../../core/plugin.ts";
import type { Serve } from "../exchange.ts";
import type { RequestHead, ResponseHead } from "../message.ts";
import { CallerExchange } from "./caller-exchange.ts";
import { responseText, switchText } from "./encode.ts";
import { closed, Fault, malformed, slowHead, stalled } from "./fault.ts";
import { Handover } from "./handover.ts";
import { Intake } from "./intake.ts";
import { type ParsedRequest, versionOf } from "./request-head.ts";
import { RequestHeads } from "./request-heads.ts";
import { Watchdog } from "./watchdog.ts";

export interface CallerLimits {
  /** Bytes of a request's head, and of its trailers. */
  readonly header: number;
  /** Milliseconds from a head's first byte to its last. */
  readonly head: number;
  /** Milliseconds that a connection is kept without a request. */
  readonly idle: number;
  /** Milliseconds in which a caller has to take at least a byte of what waits for it. */
  readonly stall: number;
  /** Bytes of requests that wait for their turn, or of a body that nobody has piped yet: then no more is read. */
  readonly ahead: number;
  /** Bytes of a body that are read and dropped after its answer, so that the connection can go on. */
  readonly dropped: number;
}

export const callerLimits: CallerLimits = {
  header: 64 * 1024,
  head: 10_000,
  idle: 60_000,
  stall: 60_000,
  ahead: 64 * 1024,
  dropped: 256 * 1024,
};

/** An answer of the gateway's own. */
export interface Refusal {
  readonly head: ResponseHead;
  readonly body: Uint8Array;
}

export interface CallerOptions {
  readonly limits: CallerLimits;
  readonly serve: Serve;
  /** Puts the refusal of what never became a request into words. */
  readonly refuse: (status: number, reason: Reason) => Refusal;
  /** The caller speaks HTTP/2 without asking (RFC 9113, 3.3); its preface is unread on the wire. Without it: 400. */
  readonly preface?: (wire: Wire) => void;
  /**
   * The caller's first request asks to turn to HTTP/2 (RFC 7540, 3.2); 101 has been sent, and this request is its
   * first stream. Without it the request is served as it is.
   */
  readonly h2c?: (wire: Wire, head: RequestHead, settings: string) => void;
}

/**
 * A caller's HTTP/1.1 connection: one exchange after another, in the order of the requests. Begins to read at once.
 * A caller that closes its side is gone, with whatever it still waited for.
 */
export class H1Caller implements WireSink {
  readonly #intake = new Intake();
  readonly #heads: RequestHeads;
  readonly #watchdog = new Watchdog(() => this.#expired());
  #exchange: CallerExchange | undefined;
  #first = true;
  /** An empty line before a request has been passed over (RFC 9112, 2.2); no second one is. */
  #skipped = false;
  /** Part of a head is here. */
  #begun = false;
  /** Bytes of an answer that the caller had not taken when this was looked at last. */
  #waiting = 0;
  #turning = false;
  #paused = false;
  #stopping = false;
  /** This connection is no longer ours, or closed. */
  #over = false;

  constructor(
    readonly wire: Wire,
    readonly options: CallerOptions,
  ) {
    this.#heads = new RequestHeads(options.limits.header);
    this.#watchdog.start(options.limits.idle);
    wire.stream(this);
  }

  /** Ends the connection after the exchange that it carries; at once where it carries none. */
  stop(): void {
    this.#stopping = true;
    if (this.#exchange === undefined) this.#end();
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  data(view: Buffer): void {
    if (this.#over) return;
    this.#intake.append(view);
    this.turn();
  }

  drain(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.over) return;
    this.#waiting = 0;
    this.#watchdog.stop();
    exchange.drained();
  }

  /** The wire holds some of the answer back. For the exchange. */
  held(): void {
    if (this.#waiting === 0) this.#watchdog.start(this.options.limits.stall);
    this.#waiting = this.wire.backlog;
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#watchdog.end();
    this.#exchange?.lost(closed("The caller"));
  }

  /** Goes on with whatever can go on. For the exchange. */
  turn(): void {
    if (this.#turning || this.#over) return;
    this.#turning = true;
    try {
      while (!this.#over && (this.#exchange ? this.#goOn(this.#exchange) : this.#begin()));
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      this.#refuse(fault);
    } finally {
      this.#turning = false;
    }
    this.#throttle();
  }

  /** The exchange has had its answer. For the exchange. */
  finished(exchange: CallerExchange, goesOn: boolean): void {
    if (!goesOn || this.#stopping) return this.#end();
    exchange.requestBody?.drop();
    this.#waiting = 0;
    this.#watchdog.start(this.options.limits.idle);
    this.turn();
  }

  /** The connection is broken off. For the exchange. */
  abort(): void {
    this.#over = true;
    this.#watchdog.end();
    this.wire.destroy();
  }

  /** The connection is somebody else's from now on. For the exchange. */
  handOver(): Wire {
    this.#over = true;
    this.#watchdog.end();
    return Handover.of(this.wire, this.#intake.takeAll());
  }

  /** True: there may be more to do. */
  #goOn(exchange: CallerExchange): boolean {
    const body = exchange.requestBody;
    body?.feed(this.#intake);
    if (!exchange.over) return false;
    if (body && !body.ended) {
      if (body.dropped > this.options.limits.dropped) this.#end();
      return false;
    }
    this.#exchange = undefined;
    if (this.#stopping) this.#end();
    return true;
  }

  #begin(): boolean {
    const intake = this.#intake;
    if (this.#first && this.options.preface && this.#isPreface()) return false;
    if (!this.#skipped && intake.startsWith(emptyLine)) {
      this.#skipped = true;
      intake.at += emptyLine.length;
    }
    if (intake.length === 0) return false;
    const parsed = this.#heads.next(intake);
    if (parsed === undefined) {
      this.#wait();
      return false;
    }
    const first = this.#first;
    this.#first = false;
    this.#skipped = false;
    this.#begun = false;
    this.#watchdog.stop();
    const { http2Settings } = parsed.about;
    if (first && http2Settings !== undefined && this.options.h2c) {
      this.#turnToHttp2(this.options.h2c, parsed, http2Settings);
      return false;
    }
    const exchange = new CallerExchange(this, parsed);
    this.#exchange = exchange;
    this.options.serve(exchange);
    return true;
  }

  /** Part of a head is here: what it begins with already tells whether the rest is worth waiting for. */
  #wait(): void {
    const line = this.#intake.line();
    if (line !== undefined && line !== "" && versionOf(line) === undefined) {
      throw malformed("The request line is not one of HTTP/1.1.");
    }
    if (this.#begun) return;
    this.#begun = true;
    this.#watchdog.start(this.options.limits.head);
  }

  /** True: HTTP/2, or not yet told apart from it. */
  #isPreface(): boolean {
    const { length } = this.#intake;
    const part = http2Preface.subarray(0, length);
    if (length === 0 || !this.#intake.startsWith(part)) return false;
    if (part.length === http2Preface.length) this.options.preface?.(this.handOver());
    else if (!this.#begun) {
      this.#begun = true;
      this.#watchdog.start(this.options.limits.head);
    }
    return true;
  }

  #turnToHttp2(serve: NonNullable<CallerOptions["h2c"]>, parsed: ParsedRequest, settings: string): void {
    const text = switchText({ status: 101, reason: "Switching Protocols", fields: [] }, "h2c");
    this.wire.write(Buffer.from(text, "latin1"));
    serve(this.handOver(), parsed.head, settings);
  }

  /** Nothing that comes after this is read as HTTP: who sent it may mean something else than we would read. */
  #refuse(fault: Fault): void {
    const exchange = this.#exchange;
    if (exchange?.over) this.#end();
    else if (exchange?.begun) this.abort();
    else this.#answer(fault.status, fault);
    exchange?.lost(fault);
  }

  #answer(status: number, error: PosternError): void {
    const { head, body } = this.options.refuse(status, error.reason);
    const text = responseText(head, body.length, "close");
    this.wire.write(Buffer.concat([Buffer.from(text, "latin1"), body]));
    this.#end();
  }

  #expired(): void {
    const exchange = this.#exchange;
    if (this.#over) return;
    if (exchange === undefined && this.#begun) this.#refuse(slowHead());
    else if (exchange === undefined || exchange.over) this.#end();
    else if (this.wire.backlog < this.#waiting) {
      this.#waiting = 0;
      this.held();
    } else {
      this.abort();
      exchange.lost(stalled());
    }
  }

  #end(): void {
    this.#over = true;
    this.#watchdog.end();
    this.wire.end();
  }

  #throttle(): void {
    if (this.#over) return;
    const body = this.#exchange?.requestBody;
    const flows = this.#exchange === undefined || (body && !body.ended && body.state === "flowing");
    const blocked = body?.state === "blocked" && !body.ended;
    const pause = !flows && (blocked || this.#intake.length > this.options.limits.ahead);
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.wire.pause();
    else this.wire.resume();
  }
}

const emptyLine: Buffer = Buffer.from("\r\n");
const http2Preface: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
