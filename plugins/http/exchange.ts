import type { PosternError, Wire } from "../../core/plugin.ts";
import type { Fields, RequestHead, ResponseHead } from "./message.ts";

/**
 * How long a body is: bytes; `chunked`: to be seen at its end; `none`: there is none, and nothing says how long one
 * would be. In an answer to HEAD, and with 304, a number is only told and no byte follows.
 */
export type BodyLength = number | "chunked" | "none";

/** Who takes a body as it arrives. */
export interface BodySink {
  /** The view is the connection's own: copy what is kept after the call. False: no more until `Body.resume`. */
  data(view: Uint8Array): boolean;
  /** All of it was there. */
  end(trailers: Fields): void;
  /** It broke off; nothing follows. */
  broken(reason: PosternError): void;
}

/** A body that is on its way to us. */
export interface Body {
  readonly length: number | "chunked";
  /** Hands all of it to `sink`, once; before that, no more of it is read than has arrived. */
  pipe(sink: BodySink): void;
  resume(): void;
}

/**
 * One request of a caller's and its answer, as the caller's connection carries it, whatever the version of HTTP. The
 * connection frames what leaves: fields that frame (`Content-Length`, `Transfer-Encoding`, `Connection`, `Trailer`,
 * `Upgrade` and their kin) are not in heads that are handed to it, nor in those that it hands out.
 */
export interface Exchange {
  readonly request: RequestHead;
  /** undefined: the request has none. A body that nobody pipes is read to its end and dropped, in bounds. */
  readonly body: Body | undefined;
  /** What the caller wants to turn this connection into, in lower case: `websocket`, `spdy/3.1`. */
  readonly upgrade: string | undefined;
  /** It waits for 100 before it sends the body (RFC 9110, 10.1.1). */
  readonly expectsContinue: boolean;
  /** Connection to the caller. */
  readonly caller: Wire;
  /** An interim answer (1xx but 101). Nothing where the version has none. */
  inform(head: ResponseHead): void;
  /** Begins the answer, once. */
  respond(head: ResponseHead, length: BodyLength): void;
  /** Bytes of the answer's body, copied where they must wait. False: wait for `drained`. */
  write(view: Uint8Array): boolean;
  /** The answer is whole. */
  end(trailers?: Fields): void;
  /** Whether nothing stands in the way of `respondWhole`; undefined: this version of HTTP frames answers in another way. */
  readonly takesWhole?: boolean;
  /** All of an answer, as HTTP/1.1 frames it: in place of `respond` and `write`; `end` follows. False: once `drained`. */
  respondWhole?(bytes: Uint8Array): boolean;
  /** 101 (or 200 to an extended CONNECT), and from then on a connection of bytes. */
  switch(head: ResponseHead): Wire;
  /** Breaks off, so that the caller can tell that the answer is not whole. Nothing is called back after it. */
  abort(): void;
  /** Told by the connection; set by who serves the exchange, before anything is awaited. */
  drained: () => void;
  /** The caller is gone, or gave this request up; not called once the exchange is over. */
  gone: () => void;
}

/** Serves one exchange. Never throws, never rejects. */
export type Serve = (exchange: Exchange) => void;

/** An answer that is all there at once, and as its caller may have it. Its bytes are good until the call returns. */
export interface WholeAnswer {
  readonly status: number;
  /** Bytes of its body. */
  readonly length: number;
  /** Content-Type; "" where there is none. */
  readonly type: string;
  /** Head and body, framed as HTTP/1.1. */
  readonly bytes: Uint8Array;
  readonly body: Uint8Array;
}

/** Who may take an answer at once, where nobody has to think about it. */
export interface WholeSink {
  /** Whether it would be taken now; nothing has happened where it would not. */
  takesWhole(): boolean;
  /** Whether a field of this name, in lower case, leaves as it came. */
  passes(name: string): boolean;
  /** What becomes of `Cache-Control`. */
  caching(value: string | undefined): string;
  /** Whether an answer of these bytes, as it came, holds nothing that has to be taken out of it. */
  maySee(bytes: Buffer): boolean;
  /** In place of `head`, `data` and `end`; only after `takesWhole`. */
  whole(answer: WholeAnswer): void;
}

/** An answer of the resource, as it arrives. */
export interface AnswerSink {
  /** Takes short answers at once; undefined: it does not. */
  readonly wholes?: WholeSink | undefined;
  inform(head: ResponseHead): void;
  /** Its body follows by `data` and `end`; `end` comes also where there is none. */
  head(head: ResponseHead, length: BodyLength): void;
  /** The view is the connection's own. False: no more until `Sending.resume`. */
  data(view: Uint8Array): boolean;
  end(trailers: Fields): void;
  /** The resource agreed to switch protocols: `wire` carries bytes from now on. Neither `head` nor `end` comes. */
  switched(head: ResponseHead, wire: Wire): void;
  /** No answer, or no more of it. `sent`: the resource may have seen the request. */
  broken(reason: PosternError, sent: boolean): void;
  /** After `Sending.write` returned false. */
  drained(): void;
}

/** A request on its way to the resource. */
export interface Sending {
  write(view: Uint8Array): boolean;
  end(trailers?: Fields): void;
  /** After `AnswerSink.data` returned false. */
  resume(): void;
  /** Nobody wants the answer any more; the connection is given up where it cannot be used again. */
  abort(): void;
}

/** A connection to the resource that takes one request at a time, or several (HTTP/2). */
export interface ResourceConnection {
  /** False: it is closed, or closing, or busy. */
  readonly free: boolean;
  /** `upgrade`: what the connection is to be turned into, where the resource agrees. */
  send(head: RequestHead, length: BodyLength, upgrade: string | undefined, answer: AnswerSink): Sending;
  close(): void;
}
