import type { IntakeLimit, Outcome, PosternError, Reason, Wire } from "../../../core/plugin.ts";
import { type InspectedBody, inspect, looksAtBodies, requestFor } from "../body/index.ts";
import { asError, asPosternError } from "../connection.ts";
import type { GatheredAnswer, Tunnelling } from "../dialect.ts";
import type {
  AnswerSink,
  BodyLength,
  ResourceConnection,
  Sending,
  WholeAnswer,
  WholeSink,
} from "../exchange.ts";
import { type Fields, type ResponseHead, withTarget } from "../message.ts";
import { outgoingTrailers } from "../outgoing.ts";
import type { HttpReach } from "../reach/reach.ts";
import { onlyLooks } from "./again.ts";
import { forOneCallerOf } from "./caching.ts";
import { Delivery, type Supplier } from "./delivery.ts";
import { ExchangeRecord } from "./exchange-record.ts";
import { incoming, passesAsItIs } from "./incoming.ts";
import { outcomeOf } from "./outcome.ts";
import type { RelayParts } from "./parts.ts";
import { Patience } from "./patience.ts";
import { carryOn, notAgreed, tunnellingOf } from "./switched.ts";
import { Upload } from "./upload.ts";

/** One request that may pass, to the resource and its answer back. */
export class Relay implements AnswerSink, WholeSink, Supplier {
  readonly wholes = this;
  readonly #reach: HttpReach;
  readonly #delivery: Delivery;
  readonly #record: ExchangeRecord | undefined;
  /** Of the request's body; undefined: it has none, or has not been sent yet. */
  #upload: Upload | undefined;
  readonly #patience: Patience;
  /** What looks into the answer's body; undefined: nobody does. */
  #look: InspectedBody | undefined;
  #connection: ResourceConnection | undefined;
  #reused = false;
  /** How what follows the upgrade is carried. */
  #tunnelling: Tunnelling | undefined;
  #sending: Sending | undefined;
  #over = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly parts: RelayParts) {
    const { exchange, visit, pass } = parts;
    this.#reach = visit.reach as HttpReach;
    if (visit.gate.recordsWire) this.#record = new ExchangeRecord(visit.gate, this.#reach.nextChannel());
    this.#patience = new Patience(this.#reach.silence, this);
    this.#delivery = new Delivery(exchange, pass, this.#record, this);
  }

  /** The caller has seen the beginning of an answer. */
  get answered(): boolean {
    return this.#delivery.begun;
  }

  start(): void {
    const { asked, pass } = this.parts;
    this.#record?.request(asked);
    const { deadline } = pass.answer ?? {};
    if (deadline)
      this.#deadline = setTimeout(() => this.#fail(asError(deadline.reason), "cancelled"), deadline.after);
    if (this.parts.reading.answered) return this.#repeat(this.parts.reading.answered);
    try {
      this.#tunnelling = tunnellingOf(this.parts);
      const kept = this.#reach.take();
      this.#reused = kept !== undefined;
      const secret = this.#reach.secret();
      if (kept && !(secret instanceof Promise)) this.#send(kept, secret);
      else void this.#connect(kept, secret);
    } catch (error) {
      this.broken(asPosternError(error), false);
    }
  }

  /** The session ended, or the caller is gone (`undefined`). */
  stop(reason: Reason | undefined): void {
    if (this.#over) return;
    this.#close();
    const why = this.#delivery.status === 0 ? reason?.code : undefined;
    this.parts.pass.end(this.#outcome("cancelled", why));
  }

  callerDrained(): void {
    this.#delivery.drained();
  }

  /** Whoever looks into the body takes more from the resource. */
  resume(): void {
    this.#sending?.resume();
  }

  takesMore(): void {
    if (this.#look) this.#look.drained();
    else this.#sending?.resume();
  }

  failed(error: PosternError): void {
    this.#fail(error, "error");
  }

  silent(error: PosternError): void {
    this.#fail(error, "unknown");
  }

  inform(head: ResponseHead): void {
    const { exchange, pass, route } = this.parts;
    if (this.#over) return;
    this.#patience.heard();
    // What may not leave yet is not worth waiting for: the answer itself is.
    if (looksAtBodies(pass.answer) || pass.ready()) return;
    exchange.inform(incoming(head, route, this.#reach.destination, exchange.request));
  }

  head(head: ResponseHead, length: BodyLength): void {
    this.#patience.end();
    if (this.#over) return;
    const { exchange, route, pass, asked, visit, connection } = this.parts;
    const own = incoming(head, route, this.#reach.destination, exchange.request);
    if (!looksAtBodies(pass.answer)) return this.#delivery.head(own, length);
    const { opaque } = asked.config;
    const sequence = connection.dialect.isSequence?.(asked) ?? false;
    this.#look = inspect(pass.answer, asked.head, own, length, this.#delivery, {
      frame: visit.limits.frame,
      sequence,
      ...(opaque === undefined ? {} : { opaque }),
    });
  }

  takesWhole(): boolean {
    return !this.#over && !looksAtBodies(this.parts.pass.answer) && this.#delivery.takesWhole;
  }

  passes(name: string): boolean {
    return passesAsItIs(name);
  }

  caching(value: string | undefined): string {
    return forOneCallerOf(value);
  }

  maySee(): boolean {
    return true;
  }

  whole(answer: WholeAnswer): void {
    this.#patience.end();
    this.#delivery.whole(answer);
  }

  data(view: Uint8Array): boolean {
    if (this.#over) return true;
    return (this.#look ?? this.#delivery).data(view);
  }

  end(trailers: Fields): void {
    if (!this.#over) (this.#look ?? this.#delivery).end(trailers);
  }

  switched(head: ResponseHead, wire: Wire): void {
    this.#patience.end();
    if (this.#over || this.#tunnelling?.agrees(head) === false) {
      wire.destroy();
      return this.#fail(notAgreed, "error");
    }
    const waits = this.parts.pass.ready();
    if (waits) void waits.then(() => this.#carry(head, wire));
    else this.#carry(head, wire);
  }

  broken(error: PosternError, sent: boolean): void {
    if (this.#over) return;
    const { asked, reading, body } = this.parts;
    const again = !sent || onlyLooks(asked, reading);
    if (
      this.#reused &&
      !this.answered &&
      !this.#look &&
      again &&
      (body !== undefined || !this.#upload?.begun)
    ) {
      this.#release();
      this.#reused = false;
      void this.#connect(undefined, this.#reach.secret());
      return;
    }
    this.#fail(error, sent ? "unknown" : "error");
  }

  drained(): void {
    this.#patience.taken();
    this.parts.exchange.body?.resume();
  }

  #carry(head: ResponseHead, resource: Wire): void {
    if (this.#over) return resource.destroy();
    this.#over = true;
    clearTimeout(this.#deadline);
    const { exchange, route } = this.parts;
    const own = incoming(head, route, this.#reach.destination, exchange.request);
    void carryOn(this.parts, this.#tunnelling, this.#record, own, resource).then(() => this.#release());
  }

  async #connect(
    kept: ResourceConnection | undefined,
    secret: string | Promise<string> | undefined,
  ): Promise<void> {
    try {
      const login = await secret;
      const connection = kept ?? (await this.#reach.connect());
      if (this.#over) return this.#reach.put(connection);
      this.#send(connection, login);
    } catch (error) {
      this.broken(asPosternError(error), false);
    }
  }

  #send(connection: ResourceConnection, secret: string | undefined): void {
    const { exchange, visit, asked, route, reading, body, pass, connection: own } = this.parts;
    const { dialect } = own;
    const read = reading.head ?? withTarget(asked.head, route.target);
    const seen = looksAtBodies(pass.answer) ? requestFor(read) : read;
    const known = pass.answer && dialect.negotiate ? dialect.negotiate(seen, pass.answer) : seen;
    const head = this.#tunnelling?.head(known) ?? known;
    const login = this.#reach.loginOf(secret, dialect, visit.gate.session, asked.config);
    const sent = own.sentFields.head(head, this.#reach.destination, login, route.prefix);
    this.#connection = connection;
    const length = body ? body.length : exchange.body ? exchange.body.length : "none";
    const told = length === 0 && !asked.hasBody ? "none" : length;
    const request = connection.send(sent, told, asked.upgrade, this);
    const bodied = body !== undefined || exchange.body !== undefined;
    const sending = bodied ? this.#patience.watch(request) : request;
    this.#sending = sending;
    if (this.#over) return;
    if (body) this.#uploads().whole(body, sending);
    else if (exchange.body) {
      const shown = (trailers: Fields) => outgoingTrailers(trailers, login, dialect.strips);
      this.#uploads().pipe(exchange, sending, shown, this.#bound(pass.answer?.intake), () =>
        this.stop({ code: "wire.closed", message: "The caller broke off." }),
      );
    } else {
      sending.end();
      this.#patience.wait();
    }
  }

  #uploads(): Upload {
    this.#upload ??= new Upload(this.#record);
    return this.#upload;
  }

  /** What the resource has answered already. */
  #repeat({ head, body }: GatheredAnswer): void {
    this.head(head, body.length);
    this.data(body);
    this.end([]);
  }

  #bound(intake: IntakeLimit | undefined) {
    if (!intake) return undefined;
    return { most: intake.most, exceeded: () => this.#fail(asError(intake.reason), "cancelled") };
  }

  delivered(): void {
    this.#over = true;
    clearTimeout(this.#deadline);
    this.#release();
    this.parts.pass.end(this.#outcome("ok", undefined));
    this.parts.handling.done();
  }

  #fail(error: PosternError, result: Outcome["result"]): void {
    if (this.#over) return;
    this.#close();
    this.parts.pass.end(this.#outcome(result, error.code));
    this.parts.handling.refuse(error.reason);
  }

  #close(): void {
    this.#over = true;
    clearTimeout(this.#deadline);
    this.#patience.end();
    this.#look?.close();
    this.#delivery.stop();
    this.#sending?.abort();
    this.#release();
  }

  #outcome(result: Outcome["result"], why: string | undefined): Outcome {
    return outcomeOf(result, why, this.#delivery, this.#upload?.received);
  }

  #release(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection) this.#reach.put(connection);
  }
}
