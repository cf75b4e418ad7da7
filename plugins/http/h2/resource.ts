import { type ClientHttp2Session, connect } from "node:http2";
import { PosternError, type Wire } from "../../../core/plugin.ts";
import type { AnswerSink, BodyLength, ResourceConnection, Sending } from "../exchange.ts";
import { closed } from "../h1/fault.ts";
import type { ResourceLimits } from "../h1/resource.ts";
import type { RequestHead } from "../message.ts";
import { FrameGuard } from "./frame-guard.ts";
import { errorCodes } from "./frames.ts";
import { GuardedStream } from "./guarded-stream.ts";
import { requestFields } from "./request-fields.ts";
import { StreamSending } from "./resource-sending.ts";

/** Requests that one connection carries at a time, where the resource allows as many. */
const mostRequests = 100;
/** Of the last stream's number: there are no more behind 2^31, and a new connection costs little. */
const lastStream = 1_000_000_000;

/** An HTTP/2 connection to a resource: several requests at a time. */
export class H2Resource implements ResourceConnection {
  readonly #guard: FrameGuard;
  readonly #session: ClientHttp2Session;
  #open = 0;
  /** Takes no further request. */
  #over = false;
  /** Is called once it takes none. */
  closing: () => void = () => {};

  constructor(
    readonly wire: Wire,
    limits: ResourceLimits,
  ) {
    this.#guard = new FrameGuard(
      { header: limits.header, control: [20_000, 4000], vain: [Number.POSITIVE_INFINITY, 0] },
      0,
    );
    const socket = new GuardedStream(wire, this.#guard, {
      fault: (why) => this.#session.destroy(new Error(why), errorCodes.calm),
    });
    // The authority is said anew with each request.
    this.#session = connect("http://resource", {
      createConnection: () => socket,
      maxHeaderListPairs: 512,
      settings: { enablePush: false, maxHeaderListSize: limits.header },
    });
    const over = () => this.#ends();
    this.#session.on("goaway", over);
    this.#session.on("error", over);
    this.#session.on("close", () => {
      over();
      wire.end();
    });
  }

  get free(): boolean {
    const { maxConcurrentStreams = mostRequests } = this.#session.remoteSettings ?? {};
    return !this.#over && !this.wire.closed && this.#open < Math.min(mostRequests, maxConcurrentStreams);
  }

  /** It can be used again, now or once one of its requests is done. */
  get open(): boolean {
    return !this.#over && !this.wire.closed;
  }

  /** Throws PosternError `http.unsafe`, `http.upgrade`. */
  send(head: RequestHead, length: BodyLength, upgrade: string | undefined, answer: AnswerSink): Sending {
    if (upgrade !== undefined) {
      throw new PosternError(
        "http.upgrade",
        "The resource is reached over HTTP/2, where nothing is upgraded.",
        {
          hint: "Leave `http2` out for a resource that is asked for WebSocket.",
        },
      );
    }
    const fields = requestFields(head, length, this.wire.encrypted);
    if (!this.open) {
      queueMicrotask(() => answer.broken(closed("The resource"), false));
      return unsent;
    }
    this.#open++;
    const stream = this.#session.request(fields, {
      endStream: length === "none",
      waitForTrailers: length === "chunked",
    });
    stream.on("close", () => {
      this.#open--;
      this.#guard.finished(stream.id ?? 0, true);
    });
    stream.on("ready", () => {
      if ((stream.id ?? 0) > lastStream) this.#ends();
    });
    return new StreamSending(stream, head.method, length, answer, () => this.#guard.ended(stream.id ?? 0));
  }

  /** At once. */
  close(): void {
    this.#ends();
    this.#session.destroy();
    this.wire.end();
  }

  #ends(): void {
    if (this.#over) return;
    this.#over = true;
    this.closing();
  }
}

const unsent: Sending = { write: () => true, end() {}, resume() {}, abort() {} };
