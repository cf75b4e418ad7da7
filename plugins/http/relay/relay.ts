import {
  type Pass,
  PosternError,
  type Reach,
  type Reason,
  type Visit,
  type Wire,
} from "../../../core/plugin.ts";
import type { HttpTarget } from "../config.ts";
import type { CallerConnection } from "../connection.ts";
import type { Asked, GatheredAnswer, Reading } from "../dialect.ts";
import type { AnswerSink, BodyLength, Exchange, ResourceConnection, Sending } from "../exchange.ts";
import type { Fields, RequestHead, ResponseHead } from "../message.ts";
import { outgoing } from "../outgoing.ts";
import type { HttpReach } from "../reach/reach.ts";
import type { Route } from "../route.ts";
import { askedOfResource } from "./ask.ts";
import { incoming } from "./incoming.ts";
import { splice } from "./splice.ts";

export interface RelayParts {
  readonly exchange: Exchange;
  readonly connection: CallerConnection;
  readonly visit: Visit<HttpTarget>;
  readonly asked: Asked<HttpTarget>;
  readonly route: Route;
  readonly reading: Reading;
  readonly pass: Pass;
  /** All of the request's body, where it was read before; undefined: it is still to come, if there is one. */
  readonly body: Uint8Array | undefined;
  refuse(reason: Reason): void;
  /** Nothing of the exchange is under way any more. */
  done(): void;
}

/** Methods that may be sent again where nobody knows whether they were seen (RFC 9110, 9.2.1). */
const safe = new Set(["GET", "HEAD", "OPTIONS"]);

/** One request that may pass, to the resource and its answer back. */
export class Relay implements AnswerSink {
  /** The caller has seen the beginning of an answer. */
  answered = false;
  #connection: ResourceConnection | undefined;
  #reused = false;
  #sending: Sending | undefined;
  #over = false;
  #status = 0;
  #bytes = 0;
  #bodyBegun = false;
  /** The trail is not durable yet (strict): the answer waits. */
  #held: (() => void)[] | undefined;

  constructor(readonly parts: RelayParts) {}

  start(): void {
    const reach = this.parts.visit.reach as HttpReach;
    try {
      const kept = reach.take();
      this.#reused = kept !== undefined;
      const secret = reach.secret();
      if (kept && !(secret instanceof Promise)) this.#send(kept, secret);
      else void this.#connect(reach, kept, secret);
    } catch (error) {
      this.broken(asPosternError(error), false);
    }
  }

  /** The session ended, or the caller is gone (`undefined`). */
  stop(reason: Reason | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#sending?.abort();
    this.#release();
    this.parts.pass.end({ result: "cancelled", ...(reason ? { code: reason.code } : {}) });
  }

  callerDrained(): void {
    this.#sending?.resume();
  }

  inform(head: ResponseHead): void {
    if (!this.#over) this.parts.exchange.inform(head);
  }

  head(head: ResponseHead, length: BodyLength): void {
    if (this.#over) return;
    this.#status = head.status;
    const waits = this.parts.pass.ready();
    if (waits) {
      this.#held = [];
      void waits.then(() => this.#ready());
    }
    this.#inTurn(() => {
      this.answered = true;
      const { route, visit } = this.parts;
      this.parts.exchange.respond(incoming(head, route, (visit.reach as HttpReach).destination), length);
    });
  }

  data(view: Uint8Array): boolean {
    if (this.#over) return true;
    this.#bytes += view.length;
    if (!this.#held) return this.parts.exchange.write(view);
    const copy = Buffer.from(view);
    this.#held.push(() => this.parts.exchange.write(copy));
    return false;
  }

  end(trailers: Fields): void {
    this.#inTurn(() => {
      if (this.#over) return;
      this.#over = true;
      this.#release();
      this.parts.exchange.end(trailers);
      this.parts.pass.end({ result: "ok", code: String(this.#status), bytes: this.#bytes });
      this.parts.done();
    });
  }

  switched(head: ResponseHead, wire: Wire): void {
    if (this.#over) return wire.destroy();
    const { exchange, asked, visit, pass, connection, done } = this.parts;
    const reach = visit.reach as HttpReach;
    this.answered = true;
    this.#over = true;
    const caller = exchange.switch(incoming(head, this.parts.route, reach.destination));
    const carried = connection.dialect.tunnel
      ? connection.dialect.tunnel({
          asked,
          head,
          upgrade: asked.upgrade ?? "",
          caller,
          resource: wire,
          gate: visit.gate,
          pass,
          channel: reach.nextChannel(),
        })
      : splice(caller, wire);
    visit.gate.signal.addEventListener("abort", () => {
      caller.destroy();
      wire.destroy();
    });
    void carried
      .then(
        () => pass.end({ result: "ok", code: String(head.status) }),
        () => pass.end({ result: "error", code: String(head.status) }),
      )
      .finally(() => {
        caller.end();
        wire.end();
        this.#release();
        done();
      });
  }

  broken(error: PosternError, sent: boolean): void {
    if (this.#over) return;
    const { body, asked } = this.parts;
    const again = !sent || (safe.has(asked.head.method) && !asked.hasBody);
    if (this.#reused && !this.answered && again && (body !== undefined || !this.#bodyBegun)) {
      this.#release();
      this.#reused = false;
      void this.#connect(
        this.parts.visit.reach as HttpReach,
        undefined,
        (this.parts.visit.reach as HttpReach).secret(),
      );
      return;
    }
    this.#over = true;
    this.#release();
    this.parts.pass.end({ result: sent ? "unknown" : "error", code: error.code });
    this.parts.refuse(error.reason);
  }

  drained(): void {
    this.parts.exchange.body?.resume();
  }

  /** A request of the gateway's own, to learn what the caller's would do. */
  static ask(
    reach: Reach,
    connection: CallerConnection,
    config: HttpTarget,
    head: RequestHead,
    body: Uint8Array | undefined,
  ): Promise<GatheredAnswer> {
    return askedOfResource(reach as HttpReach, connection.dialect, config, head, body);
  }

  async #connect(
    reach: HttpReach,
    kept: ResourceConnection | undefined,
    secret: string | Promise<string> | undefined,
  ): Promise<void> {
    try {
      const login = await secret;
      const connection = kept ?? (await reach.connect());
      if (this.#over) return reach.put(connection);
      this.#send(connection, login);
    } catch (error) {
      this.broken(asPosternError(error), false);
    }
  }

  #send(connection: ResourceConnection, secret: string | undefined): void {
    const { exchange, visit, asked, route, reading, body, connection: own } = this.parts;
    const { dialect, door, caller } = own;
    const reach = visit.reach as HttpReach;
    const head = reading.head ?? { ...asked.head, target: route.target };
    const login = secret === undefined ? [] : (dialect.login?.(secret, asked.config) ?? bearer(secret));
    const facts = { caller, listener: door.listener, prefix: route.prefix };
    const sent = outgoing(head, head.target, reach.destination, login, facts, dialect.strips);
    this.#connection = connection;
    const length = body ? body.length : exchange.body ? exchange.body.length : "none";
    const sending = connection.send(
      sent,
      length === 0 && !asked.hasBody ? "none" : length,
      asked.upgrade,
      this,
    );
    this.#sending = sending;
    if (this.#over) return;
    if (body) {
      if (body.length > 0) sending.write(body);
      sending.end();
    } else if (exchange.body) this.#pipe(exchange, sending);
    else sending.end();
  }

  #pipe({ body, expectsContinue }: Exchange, sending: Sending): void {
    this.#bodyBegun = true;
    if (expectsContinue) this.parts.exchange.inform({ status: 100, reason: "Continue", fields: [] });
    body?.pipe({
      data: (view) => sending.write(view),
      end: (trailers) => sending.end(trailers),
      broken: () => this.stop({ code: "wire.closed", message: "The caller broke off." }),
    });
  }

  /** Now, or once the trail is durable. */
  #inTurn(step: () => void): void {
    if (this.#held) this.#held.push(step);
    else step();
  }

  #ready(): void {
    const steps = this.#held ?? [];
    this.#held = undefined;
    for (const step of steps) if (!this.#over) step();
    if (!this.#over) this.#sending?.resume();
  }

  #release(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection) (this.parts.visit.reach as HttpReach).put(connection);
  }
}

function bearer(secret: string): Fields {
  return ["Authorization", `Bearer ${secret}`];
}

function asPosternError(error: unknown): PosternError {
  if (error instanceof PosternError) return error;
  return new PosternError("gateway.failed", "The gateway failed to reach the resource.", { cause: error });
}
