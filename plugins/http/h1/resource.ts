import type { PosternError, Wire } from "../../../core/plugin.ts";
import type { AnswerSink, BodyLength, ResourceConnection, Sending, WholeSink } from "../exchange.ts";
import type { Fields, RequestHead } from "../message.ts";
import { Scratch } from "../scratch.ts";
import { type BodyReader, readerOf } from "./body-reader.ts";
import { requestText, writeRequest } from "./encode.ts";
import { badAnswer, closed, Fault, malformed } from "./fault.ts";
import { Handover } from "./handover.ts";
import { Intake } from "./intake.ts";
import { Outgoing } from "./outgoing.ts";
import { PlainAnswer } from "./plain-answer.ts";
import { ResourceSending } from "./resource-sending.ts";
import { type ParsedResponse, parseResponse } from "./response-head.ts";

export interface ResourceLimits {
  /** Bytes of an answer's head, and of its trailers. */
  readonly header: number;
}

/** Interim answers that one request may be given. */
const interimLimit = 32;

/** Read and handed on within one call, so one serves all connections. */
const plain = new PlainAnswer();

/** Heads that leave at once are put together here. */
const longestHead = 16 * 1024;
const scratch = new Scratch(longestHead);

/** What is on its way on the connection. */
interface Current {
  readonly answer: AnswerSink;
  readonly sending: ResourceSending;
  /** The final answer's head, once it has come. */
  parsed: ParsedResponse | undefined;
  reader: BodyReader | undefined;
  interim: number;
  /** Whoever takes the answer takes no more for now. */
  blocked: boolean;
}

/**
 * An HTTP/1.1 connection to a resource: one request at a time. It is closed where an answer is not what RFC 9112
 * allows, where anything comes behind one, and where an answer is whole before its request is.
 */
export class H1Resource implements ResourceConnection {
  readonly #intake = new Intake();
  #current: Current | undefined;
  #turning = false;
  /** Nothing more will arrive. */
  #ended = false;
  /** Takes no further request. */
  #over = false;

  constructor(
    readonly wire: Wire,
    readonly limits: ResourceLimits,
  ) {
    wire.stream({
      data: (view) => this.#data(view),
      drain: () => this.#drained(),
      close: () => this.#closed(),
    });
  }

  get free(): boolean {
    return !this.#over && !this.wire.closed && this.#current === undefined;
  }

  /**
   * Where the connection is not free, `answer.broken` is told that nothing was sent. Throws PosternError `http.unsafe`
   * for a head that cannot be sent.
   */
  send(head: RequestHead, length: BodyLength, upgrade: string | undefined, answer: AnswerSink): Sending {
    if (length === "none" && upgrade === undefined && this.free) {
      const end = writeRequest(scratch.room(longestHead), head);
      if (end >= 0) {
        const sending = this.#begin(undefined, head.method, undefined, true, answer);
        this.wire.write(scratch.upTo(end));
        return sending;
      }
    }
    const text = requestText(head, length, upgrade);
    const frame = length === "none" ? 0 : length;
    if (!this.free) {
      queueMicrotask(() => answer.broken(closed("The resource"), false));
      const refused = new ResourceSending(this, undefined, head.method, upgrade, true);
      refused.stop();
      return refused;
    }
    return this.#begin(new Outgoing(this.wire, text, frame), head.method, upgrade, frame === 0, answer);
  }

  #begin(
    out: Outgoing | undefined,
    method: string,
    upgrade: string | undefined,
    ended: boolean,
    answer: AnswerSink,
  ): ResourceSending {
    const sending = new ResourceSending(this, out, method, upgrade, ended);
    this.#current = { answer, sending, parsed: undefined, reader: undefined, interim: 0, blocked: false };
    return sending;
  }

  /** At once. Whose answer was on its way is not called back. */
  close(): void {
    this.#release();
    this.#over = true;
    this.wire.destroy();
  }

  /** For the sending. */
  resume(): void {
    const current = this.#current;
    if (!current?.blocked) return;
    current.blocked = false;
    this.wire.resume();
    this.#turn();
  }

  #data(view: Buffer): void {
    if (this.#over) return;
    // Nobody asked: whoever asks next would take this for the answer.
    if (this.#current === undefined) return this.close();
    this.#intake.append(view);
    this.#turn();
  }

  #drained(): void {
    const current = this.#current;
    if (current && !current.sending.ended) current.answer.drained();
  }

  #closed(): void {
    this.#over = true;
    this.#ended = true;
    this.#turn();
  }

  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    try {
      while (this.#current && !this.#current.blocked && this.#step(this.#current));
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      this.#fail(badAnswer(fault.message));
    } finally {
      this.#turning = false;
    }
  }

  /** True: there may be more to do. */
  #step(current: Current): boolean {
    const { parsed, reader, answer } = current;
    if (parsed === undefined || reader === undefined) return this.#takeHead(current);
    const piece = reader.read(this.#intake);
    if (piece !== undefined) {
      if (!answer.data(piece) && this.#current === current) {
        current.blocked = true;
        this.wire.pause();
      }
      return true;
    }
    if (reader.ended || (this.#ended && parsed.body === "until-close")) {
      this.#finish(current, parsed, reader.trailers);
      return true;
    }
    if (this.#ended) this.#fail(closed("The resource"));
    return false;
  }

  #takeHead(current: Current): boolean {
    const end = this.#intake.headEnd(this.limits.header);
    if (end < 0) {
      if (this.#ended) this.#fail(closed("The resource"));
      return false;
    }
    const { answer, sending } = current;
    if (answer.wholes && this.#takeWhole(answer.wholes, sending, end)) return true;
    const parsed = parseResponse(this.#intake.takeHead(end), sending.method);
    const { status } = parsed.head;
    if (status === 101) {
      this.#switch(current, parsed);
      return false;
    }
    if (status < 200) {
      if (!parsed.persistent) throw malformed("an answer that is not the last one ends the connection.");
      if (++current.interim > interimLimit) throw malformed("it is put off too often.");
      answer.inform(parsed.head);
      return true;
    }
    current.parsed = parsed;
    current.reader = readerOf(parsed.body === "none" ? 0 : parsed.body, this.limits.header);
    answer.head(parsed.head, parsed.length);
    return true;
  }

  /** An answer like most: handed on as bytes. False: it is to be read. */
  #takeWhole(wholes: WholeSink, { ended, method }: ResourceSending, end: number): boolean {
    const intake = this.#intake;
    if (!ended || this.#ended || method === "HEAD" || !wholes.takesWhole()) return false;
    if (!plain.read(intake.bytes, intake.at, end, wholes) || !wholes.maySee(intake.bytes)) return false;
    intake.empty();
    this.#release();
    wholes.whole(plain);
    return true;
  }

  #switch({ answer, sending }: Current, parsed: ParsedResponse): void {
    if (sending.upgrade === undefined || parsed.upgrade !== sending.upgrade || !sending.ended) {
      throw malformed("it turns to a protocol that it was not asked for.");
    }
    this.#release();
    this.#over = true;
    answer.switched(parsed.head, Handover.of(this.wire, this.#intake.takeAll()));
  }

  #finish({ answer, sending }: Current, parsed: ParsedResponse, trailers: Fields): void {
    const whole = sending.ended;
    this.#release();
    if (!parsed.persistent || !whole || this.#intake.length > 0 || this.#ended) {
      this.#over = true;
      if (whole) this.wire.end();
      else this.wire.destroy();
    }
    answer.end(trailers);
  }

  #fail(error: PosternError): void {
    const answer = this.#current?.answer;
    this.close();
    answer?.broken(error, true);
  }

  /** From now on what was asked for can no longer touch the connection. */
  #release(): void {
    this.#current?.sending.stop();
    this.#current = undefined;
  }
}
