import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import type { PosternError } from "../../../core/plugin.ts";
import type { AnswerSink, BodyLength, Sending } from "../exchange.ts";
import { badAnswer, closed } from "../h1/fault.ts";
import { consistsOf, digits, isToken, valueBytes } from "../h1/syntax.ts";
import type { Fields, ResponseHead } from "../message.ts";
import { StreamBody } from "./stream-body.ts";
import { byName } from "./trailers.ts";

/** Interim answers that one request may be given. */
const mostInterim = 32;

/** One request on its way to a resource over HTTP/2, and its answer: one stream. */
export class StreamSending implements Sending {
  #body: StreamBody | undefined;
  #over = false;
  #ended: boolean;
  #interim = 0;
  #trailers: Fields = [];

  /** `whole`: the resource has said that the stream is at its end. */
  constructor(
    readonly stream: ClientHttp2Stream,
    readonly method: string,
    length: BodyLength,
    readonly answer: AnswerSink,
    readonly whole: () => boolean,
  ) {
    this.#ended = length === "none";
    stream.on("error", () => {});
    stream.on("headers", (_headers: IncomingHttpHeaders, _flags: number, raw: string[]) =>
      this.#informed(raw),
    );
    stream.on("response", (_headers: IncomingHttpHeaders, flags: number, raw: string[]) =>
      this.#head(raw, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0),
    );
    stream.on("drain", () => {
      if (!this.#over && !this.#ended) answer.drained();
    });
    stream.on("wantTrailers", () => stream.sendTrailers(byName(this.#trailers)));
    stream.on("close", () => this.#lost());
  }

  write(view: Uint8Array): boolean {
    return this.#over || this.#ended || this.stream.write(Buffer.from(view));
  }

  end(trailers: Fields = []): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    this.#trailers = trailers;
    this.stream.end();
  }

  resume(): void {
    this.#body?.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#giveUp();
  }

  #informed(raw: readonly string[]): void {
    const head = headOf(raw);
    if (this.#over) return;
    if (!head || head.status === 101 || ++this.#interim > mostInterim)
      return this.#fail(badAnswer("an answer that is not the last one is none."));
    this.answer.inform(head);
  }

  #head(raw: readonly string[], ended: boolean): void {
    if (this.#over || this.#body) return;
    const head = headOf(raw);
    if (!head || head.status < 200) return this.#fail(badAnswer("its head is none."));
    const told = lengthOf(raw);
    if (told !== undefined && told < 0) return this.#fail(badAnswer("its length is none."));
    const length = told ?? (ended ? "none" : "chunked");
    if (ended) {
      this.answer.head(head, length);
      return this.#end([]);
    }
    this.#body = new StreamBody(this.stream, "chunked", this.whole, "The resource");
    // What is only told (HEAD, 304) has no byte.
    let left = this.method === "HEAD" || head.status === 304 ? 0 : told;
    this.answer.head(head, length);
    this.#body.pipe({
      data: (view) => {
        if (this.#over) return true;
        if (left !== undefined) left -= view.length;
        if (left !== undefined && left < 0) {
          this.#fail(badAnswer("it is longer than was told."));
          return true;
        }
        return this.answer.data(view);
      },
      end: (trailers) => {
        if (left !== undefined && left > 0) this.#fail(badAnswer("it is shorter than was told."));
        else this.#end(trailers);
      },
      broken: (error) => this.#fail(error),
    });
  }

  #end(trailers: Fields): void {
    if (this.#over) return;
    this.#over = true;
    // Nobody wants the rest of a request that is answered already.
    if (!this.#ended) this.#giveUp();
    this.answer.end(trailers);
  }

  /** The stream closed: refused streams were never looked at (RFC 9113, 8.7). */
  #lost(): void {
    if (this.#over) return;
    this.#over = true;
    const refused = this.stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
    this.answer.broken(closed("The resource"), !refused);
  }

  #fail(error: PosternError): void {
    if (this.#over) return;
    this.#over = true;
    this.#giveUp();
    this.answer.broken(error, true);
  }

  /** With an error: without one the library ends the stream in good order, and half a body would pass for all of it. */
  #giveUp(): void {
    this.stream.destroy(new Error("given up"));
  }
}

/** undefined: no head of an answer. */
function headOf(raw: readonly string[]): ResponseHead | undefined {
  const fields: string[] = [];
  let status = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    if (name === ":status") status = digits(value);
    else if (!isToken(name) || !consistsOf(valueBytes, value)) return undefined;
    else if (!framing.has(name)) fields.push(name, value);
  }
  return status < 100 || status > 599 ? undefined : { status, reason: "", fields };
}

/** -1: no length. */
function lengthOf(raw: readonly string[]): number | undefined {
  let length: number | undefined;
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at] !== "content-length") continue;
    length = length === undefined ? digits(raw[at + 1] as string) : -1;
  }
  return length;
}

const framing: ReadonlySet<string> = new Set([
  ...[
    "content-length",
    "trailer",
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
  ],
]);
