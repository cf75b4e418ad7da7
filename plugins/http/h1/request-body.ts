import type { PosternError } from "../../../core/plugin.ts";
import type { Body, BodySink } from "../exchange.ts";
import { type BodyReader, readerOf } from "./body-reader.ts";
import type { Intake } from "./intake.ts";

/** A request's body as it arrives: waits for whoever pipes it, or is dropped once nobody will. */
export class RequestBody implements Body {
  /** Bytes that were dropped. */
  dropped = 0;
  /** Why it will never be whole. */
  #fault: PosternError | undefined;
  #reader: BodyReader;
  #sink: BodySink | undefined;
  #blocked = false;
  #dropping = false;

  /** `wake`: there may be something to read again. `limit`: bytes of trailers. */
  constructor(
    readonly length: number | "chunked",
    limit: number,
    readonly wake: () => void,
  ) {
    this.#reader = readerOf(length, limit);
  }

  get ended(): boolean {
    return this.#reader.ended;
  }

  get state(): "waiting" | "blocked" | "flowing" {
    if (this.#dropping) return "flowing";
    if (this.#sink === undefined) return "waiting";
    return this.#blocked ? "blocked" : "flowing";
  }

  pipe(sink: BodySink): void {
    if (this.#dropping || this.#sink !== undefined) return;
    if (this.#fault) {
      sink.broken(this.#fault);
      return;
    }
    this.#sink = sink;
    this.wake();
  }

  resume(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.wake();
  }

  /** Nobody is told of the rest. */
  drop(): void {
    this.#dropping = true;
    this.#sink = undefined;
  }

  /** Takes of `intake` what may be taken now. Throws Fault. */
  feed(intake: Intake): void {
    while (this.state === "flowing" && intake.length > 0 && !this.#reader.ended) {
      const piece = this.#reader.read(intake);
      if (piece !== undefined) this.#hand(piece);
    }
    // A sink that holds back is told of the end once it goes on: it has not had a piece that it refused.
    if (this.#reader.ended && this.state === "flowing") {
      const sink = this.#sink;
      this.#sink = undefined;
      sink?.end(this.#reader.trailers);
    }
  }

  broke(fault: PosternError): void {
    this.#fault = fault;
    const sink = this.#sink;
    this.#sink = undefined;
    if (!this.#dropping) sink?.broken(fault);
  }

  #hand(piece: Buffer): void {
    if (this.#sink === undefined) this.dropped += piece.length;
    else if (!this.#sink.data(piece)) this.#blocked = true;
  }
}
