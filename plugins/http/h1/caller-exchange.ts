import type { PosternError, Wire } from "../../../core/plugin.ts";
import type { Body, BodyLength, Exchange } from "../exchange.ts";
import type { Fields, RequestHead, ResponseHead } from "../message.ts";
import type { H1Caller } from "./caller.ts";
import { type Going, responseText, switchText } from "./encode.ts";
import { type Frame, Outgoing } from "./outgoing.ts";
import { RequestBody } from "./request-body.ts";
import type { ParsedRequest } from "./request-head.ts";

/** One request on a caller's HTTP/1.1 connection, and its answer. */
export class CallerExchange implements Exchange {
  readonly request: RequestHead;
  readonly requestBody: RequestBody | undefined;
  /** The answer is whole, or never will be. */
  over = false;
  /** It was written in one piece. */
  #whole = false;
  drained: () => void = nobody;
  gone: () => void = nobody;
  #answer: Outgoing | undefined;
  #continued = false;
  /** The connection may go on after the answer. */
  #goesOn: boolean;

  constructor(
    readonly connection: H1Caller,
    readonly parsed: ParsedRequest,
  ) {
    const { persistent, length } = parsed.about;
    this.request = parsed.head;
    this.#goesOn = persistent;
    if (length === "none" || length === 0) return;
    this.requestBody = new RequestBody(length, connection.options.limits.header, () => connection.turn());
  }

  get body(): Body | undefined {
    return this.requestBody;
  }

  get upgrade(): string | undefined {
    return this.parsed.about.upgrade;
  }

  get expectsContinue(): boolean {
    return this.parsed.about.expectsContinue;
  }

  get caller(): Wire {
    return this.connection.wire;
  }

  /** Something of the answer may have been sent. */
  get begun(): boolean {
    return this.over || this.#whole || this.#answer !== undefined;
  }

  inform(head: ResponseHead): void {
    if (this.begun || this.request.version === "1.0" || head.status === 101) return;
    if (head.status === 100) {
      // Who does not wait for it may take it for the answer; and it is said once.
      if (!this.expectsContinue || this.#continued) return;
      this.#continued = true;
    }
    this.caller.write(Buffer.from(responseText(head, undefined, undefined), "latin1"));
  }

  respond(head: ResponseHead, length: BodyLength): void {
    if (this.begun) return;
    const [frame, told] = this.#framed(head.status, length);
    if (frame === "until-close" || this.connection.stopping || this.#leavesBody()) this.#goesOn = false;
    const going: Going = !this.#goesOn ? "close" : this.request.version === "1.0" ? "keep-alive" : undefined;
    this.#answer = new Outgoing(this.caller, responseText(head, told, going), frame);
  }

  get takesWhole(): boolean {
    const { connection, caller, request, requestBody } = this;
    return (
      this.#goesOn &&
      !this.begun &&
      !connection.stopping &&
      requestBody === undefined &&
      request.version === "1.1" &&
      request.method !== "HEAD" &&
      caller.backlog === 0
    );
  }

  respondWhole(bytes: Uint8Array): boolean {
    if (this.begun) return true;
    this.#whole = true;
    if (this.caller.write(bytes)) return true;
    this.connection.held();
    return false;
  }

  write(view: Uint8Array): boolean {
    if (this.over) return true;
    if (this.#answer?.write(view) !== false) return true;
    this.connection.held();
    return false;
  }

  end(trailers: Fields = []): void {
    if (this.over || !this.begun) return;
    // Not whole: the wire was closed, and that it closed is what its sink is told next.
    if (this.#answer?.end(trailers) === false) return;
    this.over = true;
    this.connection.finished(this, this.#goesOn && !this.#leavesBody());
  }

  switch(head: ResponseHead): Wire {
    const { caller } = this;
    if (this.begun || this.upgrade === undefined) return caller;
    const text = switchText(head, this.upgrade);
    this.over = true;
    caller.write(Buffer.from(text, "latin1"));
    return this.connection.handOver();
  }

  abort(): void {
    if (this.over) return;
    this.over = true;
    this.#answer?.drop();
    this.connection.abort();
  }

  /** The caller is gone, or what it sends can no longer be read. */
  lost(error: PosternError): void {
    if (this.over) return;
    this.over = true;
    this.#answer?.drop();
    if (!this.requestBody?.ended) this.requestBody?.broke(error);
    this.gone();
  }

  /** How the answer's body is framed on the wire, and what its head tells of it. */
  #framed(status: number, length: BodyLength): readonly [Frame, BodyLength | undefined] {
    const told = length === "none" ? undefined : length;
    if (status < 200 || status === 204) return ["dropped", undefined];
    const plain = this.request.version === "1.0";
    if (status === 304 || this.request.method === "HEAD") {
      return ["dropped", plain && told === "chunked" ? undefined : told];
    }
    if (length === "chunked") return plain ? ["until-close", undefined] : ["chunked", "chunked"];
    return [told ?? 0, told ?? 0];
  }

  /** There is more of the request's body than is read for nothing, or nobody knows whether it will come. */
  #leavesBody(): boolean {
    const body = this.requestBody;
    if (body === undefined || body.ended) return false;
    if (this.expectsContinue && !this.#continued) return true;
    return (
      typeof body.length === "number" &&
      body.state === "waiting" &&
      body.length > this.connection.options.limits.dropped
    );
  }
}

function nobody(): void {}
