import type { ServerHttp2Stream } from "node:http2";
import type { Wire } from "../../../core/plugin.ts";
import type { Body, BodyLength, Exchange } from "../exchange.ts";
import { type Fields, type RequestHead, type ResponseHead, without } from "../message.ts";
import { sendHead } from "./answer-head.ts";
import type { StreamRequest } from "./request-head.ts";
import { StreamBody } from "./stream-body.ts";
import { StreamWire } from "./stream-wire.ts";
import { byName } from "./trailers.ts";

/** What an exchange needs of the connection that carries it. */
export interface Carrying {
  readonly wire: Wire;
  /** Bytes of a body that are read and dropped after its answer. */
  readonly dropped: number;
  /** The caller has said that the stream is at its end. */
  ended(stream: number): boolean;
}

/** One request on a caller's HTTP/2 connection, and its answer: one stream. */
export class StreamExchange implements Exchange {
  readonly request: RequestHead;
  readonly body: Body | undefined;
  readonly upgrade: string | undefined;
  readonly expectsContinue: boolean;
  readonly caller: Wire;
  /** All of the answer was handed over. */
  whole = false;
  drained: () => void = nobody;
  gone: () => void = nobody;
  readonly #requestBody: StreamBody | undefined;
  #over = false;
  #begun = false;
  #continued = false;
  /** Bytes of the answer's body that are still to come, where they were told. */
  #left: number | undefined;
  /** A body that is only told of. */
  #silent = false;
  /** The head is all of the answer: the library may close the stream while it sends it, and nobody has gone. */
  #headAlone = false;
  #trailers: Fields = [];

  constructor(
    readonly stream: ServerHttp2Stream,
    { head, contentLength, upgrade, expectsContinue }: StreamRequest,
    ended: boolean,
    readonly carrying: Carrying,
  ) {
    this.request = head;
    this.upgrade = upgrade;
    this.expectsContinue = expectsContinue;
    this.caller = carrying.wire;
    if (!ended && upgrade === undefined) {
      const whole = () => carrying.ended(stream.id ?? 0);
      this.#requestBody = new StreamBody(stream, contentLength ?? "chunked", whole, "The caller");
      if (contentLength === 0) this.#requestBody.drop(0, () => this.abort());
      else this.body = this.#requestBody;
    }
    stream.on("drain", () => {
      if (!this.#over) this.drained();
    });
    stream.on("wantTrailers", () => stream.sendTrailers(byName(this.#trailers)));
    stream.on("aborted", () => this.#lost());
    stream.on("close", () => this.#lost());
  }

  inform(head: ResponseHead): void {
    if (this.#over || this.#begun || head.status === 101) return;
    if (head.status === 100) {
      if (!this.expectsContinue || this.#continued) return;
      this.#continued = true;
    }
    this.#try(() => this.stream.additionalHeaders({ ":status": head.status, ...byName(head.fields) }));
  }

  respond(head: ResponseHead, length: BodyLength): void {
    if (this.#over || this.#begun) return;
    this.#begun = true;
    const { status } = head;
    const told = status === 204 || length === "chunked" ? undefined : length;
    this.#silent = status === 204 || status === 304 || this.request.method === "HEAD";
    const bytes = told === "none" ? (this.#silent ? undefined : 0) : told;
    if (!this.#silent) this.#left = bytes;
    const endStream = this.#silent || bytes === 0;
    this.#headAlone = endStream;
    const waitForTrailers = !endStream && bytes === undefined;
    this.#try(() => sendHead(this.stream, head, bytes, { endStream, waitForTrailers }));
  }

  write(view: Uint8Array): boolean {
    if (this.#over || this.#silent || view.length === 0) return true;
    if (this.#left !== undefined) {
      this.#left -= view.length;
      if (this.#left < 0) {
        this.#break();
        return true;
      }
    }
    return this.stream.write(Buffer.from(view));
  }

  end(trailers: Fields = []): void {
    if (this.#over || !this.#begun) return;
    if (this.#left !== undefined && this.#left > 0) return this.#break();
    this.#over = true;
    this.whole = true;
    this.#trailers = trailers;
    if (!this.stream.writableEnded) this.stream.end();
    const { dropped } = this.carrying;
    // What is still on its way is read in bounds; then the caller is told that nobody wants it (RFC 9113, 8.1).
    this.#requestBody?.drop(this.expectsContinue && !this.#continued ? 0 : dropped, () =>
      this.stream.close(0),
    );
  }

  switch(head: ResponseHead): Wire {
    const wire = new StreamWire(this.stream, this.caller);
    if (this.#over || this.#begun || this.upgrade === undefined) return wire;
    this.#begun = true;
    this.#over = true;
    this.whole = true;
    const fields = without(head.fields, answersOfOneVersion);
    this.#try(() => sendHead(this.stream, { ...head, status: 200, fields }, undefined));
    return wire;
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    // With an error: without one the library ends the stream in good order, as though the answer were whole.
    this.stream.destroy(new Error("given up"));
  }

  /** What was to be sent cannot be: whoever serves the exchange learns that it is over. */
  #break(): void {
    this.stream.destroy(new Error("given up"));
  }

  #lost(): void {
    if (this.#over || this.#headAlone) return;
    this.#over = true;
    this.#requestBody?.lost();
    this.gone();
  }

  /** The library throws for fields that HTTP/2 cannot carry, and where the stream has gone this moment. */
  #try(send: () => void): void {
    try {
      send();
    } catch {
      this.#headAlone = false;
      this.#break();
    }
  }
}

/** The answer to a key that the caller never sent. */
const answersOfOneVersion: ReadonlySet<string> = new Set(["sec-websocket-accept"]);

function nobody(): void {}
