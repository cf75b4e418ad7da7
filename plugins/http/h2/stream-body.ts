import type { Http2Stream } from "node:http2";
import type { PosternError } from "../../../core/plugin.ts";
import type { Body, BodySink } from "../exchange.ts";
import { closed } from "../h1/fault.ts";
import { trailersOf } from "./trailers.ts";

/** The body of a message that one stream brings. */
export class StreamBody implements Body {
  /** It is all there, or never will be. */
  over = false;
  #sink: BodySink | undefined;
  #fault: PosternError | undefined;
  #trailers: readonly string[] = [];
  #dropped = 0;
  #bytes = 0;

  /** `whole`: whether the other side has said that the stream is at its end. */
  constructor(
    readonly stream: Http2Stream,
    readonly length: number | "chunked",
    readonly whole: () => boolean,
    readonly who: string,
  ) {
    stream.on("trailers", (_headers, _flags, raw: string[]) => {
      try {
        this.#trailers = trailersOf(raw);
      } catch {
        this.lost();
        stream.destroy(new Error("malformed trailers"));
      }
    });
    stream.on("end", () => this.#end());
    stream.on("aborted", () => this.lost());
    stream.on("close", () => this.lost());
  }

  pipe(sink: BodySink): void {
    if (this.#sink !== undefined) return;
    if (this.#fault) return sink.broken(this.#fault);
    this.#sink = sink;
    this.stream.on("data", (view: Buffer) => {
      this.#bytes += view.length;
      if (!this.over && !sink.data(view)) this.stream.pause();
    });
  }

  resume(): void {
    if (!this.over) this.stream.resume();
  }

  /** Nobody is told of the rest; of which so much is still read. Past that, `beyond` is called, once. */
  drop(most: number, beyond: () => void): void {
    if (this.over) return;
    this.stream.removeAllListeners("data");
    this.#sink = ignored;
    this.stream.on("data", (view: Buffer) => {
      const before = this.#dropped;
      this.#dropped += view.length;
      if (before <= most && this.#dropped > most) beyond();
    });
    this.stream.resume();
  }

  /** It broke off. */
  lost(): void {
    if (this.over) return;
    this.over = true;
    this.#fault = closed(this.who);
    this.#sink?.broken(this.#fault);
  }

  #end(): void {
    if (this.over) return;
    if (!this.whole() || (typeof this.length === "number" && this.#bytes + this.#dropped !== this.length))
      return this.lost();
    this.over = true;
    this.#sink?.end(this.#trailers);
  }
}

const ignored: BodySink = { data: () => true, end() {}, broken() {} };
