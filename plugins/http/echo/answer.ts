import { PosternError, type Wire } from "../../../core/plugin.ts";
import { type Coding, codingsOf } from "../body/codings.ts";
import { Inspection } from "../body/inspection.ts";
import { headOfShown } from "../body/shown-head.ts";
import type { AnswerSink, BodyLength, Sending, WholeAnswer, WholeSink } from "../exchange.ts";
import type { Fields, ResponseHead } from "../message.ts";
import type { EchoGuard } from "./guard.ts";
import type { Scrubber } from "./scrubber.ts";

/** One answer without the credential: head, body in whatever content coding, trailers. */
export class EchoedAnswer implements AnswerSink {
  /** The request that it answers. */
  sending: Sending | undefined;
  readonly wholes: WholeSink | undefined;
  #scrubber: Scrubber | undefined;
  /** Undoes the content coding, and does it again. */
  #coded: Inspection | undefined;
  #over = false;
  /** Whoever takes the answer takes more. */
  #takes = true;
  readonly #emit = (view: Uint8Array): void => {
    this.#takes = this.answer.data(view) && this.#takes;
  };

  constructor(
    readonly guard: EchoGuard,
    readonly method: string,
    readonly answer: AnswerSink,
  ) {
    this.wholes = answer.wholes && new EchoedWhole(guard, answer.wholes);
  }

  inform(head: ResponseHead): void {
    this.answer.inform(this.guard.head(head));
  }

  head(head: ResponseHead, length: BodyLength): void {
    const clean = this.guard.head(head);
    const { status } = head;
    const empty =
      this.method === "HEAD" || status === 304 || status === 204 || length === 0 || length === "none";
    const codings = codingsOf(head.fields);
    if (empty || codings?.length === 0) return this.answer.head(clean, length);
    if (codings === undefined) return this.#withhold("it is in a content coding that cannot be undone");
    if (status === 206) return this.#withhold("it is a part of something in a content coding");
    this.#coded = this.#recoded(clean, codings);
  }

  data(view: Uint8Array): boolean {
    if (this.#over) return true;
    if (this.#coded) return this.#coded.data(view);
    this.#takes = true;
    this.#scrubbing().push(view, this.#emit);
    return this.#takes;
  }

  end(trailers: Fields): void {
    if (this.#over) return;
    if (this.#coded) return this.#coded.end(trailers);
    this.#scrubbing().end(this.#emit);
    this.answer.end(this.guard.fields(trailers));
  }

  switched(head: ResponseHead, wire: Wire): void {
    this.answer.switched(this.guard.head(head), wire);
  }

  broken(reason: PosternError, sent: boolean): void {
    if (this.#over) return;
    this.#close();
    this.answer.broken(reason, sent);
  }

  drained(): void {
    this.answer.drained();
  }

  /** Whoever takes the answer takes more. */
  resume(): void {
    if (this.#coded) this.#coded.drained();
    else this.sending?.resume();
  }

  /** Nobody wants the answer any more. */
  abort(): void {
    this.#close();
    this.sending?.abort();
  }

  #scrubbing(): Scrubber {
    this.#scrubber ??= this.guard.scrubber();
    return this.#scrubber;
  }

  #recoded(head: ResponseHead, codings: readonly Coding[]): Inspection {
    const applied = codings.at(-1);
    const scrubber = this.#scrubbing();
    return new Inspection(
      {
        answer: {},
        head: headOfShown(head, applied, undefined),
        codings,
        applied,
        charset: asItIs,
        inspector: {
          push: (view, emit) => scrubber.push(view, emit),
          end: (emit) => scrubber.end(emit),
        },
        begins: "at once",
      },
      {
        head: (own, length) => this.answer.head(own, length),
        data: (view) => this.answer.data(view),
        end: (trailers) => this.answer.end(this.guard.fields(trailers)),
        broken: (reason) => this.#failed(reason),
        resume: () => this.sending?.resume(),
      },
    );
  }

  #withhold(why: string): void {
    this.#failed(withheld(why));
  }

  #failed(reason: PosternError): void {
    if (this.#over) return;
    this.#close();
    this.sending?.abort();
    this.answer.broken(reason, true);
  }

  #close(): void {
    this.#over = true;
    this.#coded?.close();
  }
}

/** A short answer in which none of it is goes by as it is; under a content coding, nobody can tell by its bytes. */
class EchoedWhole implements WholeSink {
  constructor(
    readonly guard: EchoGuard,
    readonly inner: WholeSink,
  ) {}

  takesWhole(): boolean {
    return this.inner.takesWhole();
  }

  passes(name: string): boolean {
    return name !== "content-encoding" && this.inner.passes(name);
  }

  caching(value: string | undefined): string {
    return this.inner.caching(value);
  }

  maySee(bytes: Buffer): boolean {
    return !this.guard.isIn(bytes) && this.inner.maySee(bytes);
  }

  whole(answer: WholeAnswer): void {
    this.inner.whole(answer);
  }
}

function withheld(why: string): PosternError {
  return new PosternError(
    "answer.withheld",
    `The body of this answer may repeat what the gateway shows the resource, and ${why}.`,
    { hint: "Ask for it whole, and in gzip, br, zstd, deflate or no content coding." },
  );
}

const nothing = new Uint8Array(0);
const asItIs = { changes: false, push: (view: Uint8Array) => view, end: () => nothing };
