import {
  type Denial,
  type HeldOperation,
  type Identity,
  type Pass,
  type Plan,
  PosternError,
  type Reason,
  type Visit,
} from "../../core/plugin.ts";
import { AmbiguousLogin, isByCookie } from "./callers.ts";
import type { HttpTarget } from "./config.ts";
import type { CallerConnection, UnderWay } from "./connection.ts";
import type { Asked, Malformed, Reading, Refusal } from "./dialect.ts";
import type { Exchange } from "./exchange.ts";
import { BodyRoom, gathered } from "./gathered.ts";
import { atPending } from "./holds/pending.ts";
import { type Waiting, whileHeld } from "./holds/waiting.ts";
import { longestRead, mostReadings } from "./limits.ts";
import { fieldOf } from "./message.ts";
import { outgoingTrailers } from "./outgoing.ts";
import { type CanonicalPath, canonicalPath } from "./path.ts";
import type { HttpReach } from "./reach/reach.ts";
import { ambiguousLogin, ambiguousPath, gatewayFailed, nobody } from "./reasons.ts";
import { statusOf } from "./refusal.ts";
import { askedOfResource } from "./relay/ask.ts";
import { Relay } from "./relay/relay.ts";
import { boundRoute, nameOf, type Route, routeOf } from "./route.ts";
import { shownParameters } from "./shown-parameters.ts";
import { cookieNames } from "./sign-in/cookies.ts";
import { isForged } from "./sign-in/origin.ts";
import { beginSignIn, crossSite, isOwnPage, ownPage } from "./sign-in/sign-in.ts";

/**
 * The way of one request: which resource, whose, which session, what it does, may it. Synchronous from its first byte to
 * the resource where all of that is known, so that a request that nobody must think about costs no turn of the loop.
 */
export class Handling implements UnderWay {
  #visit: Visit<HttpTarget> | undefined;
  /** It is under way in the session. */
  #entered = false;
  #withdraw: ((how: "abandoned") => void) | undefined;
  #waiting: Waiting | undefined;
  #relay: Relay | undefined;
  /** For a body that is read before it passes. */
  #room: BodyRoom | undefined;
  /** The caller was answered, or is gone. */
  #over = false;

  constructor(
    /** Who takes the answer. */
    public exchange: Exchange,
    readonly connection: CallerConnection,
  ) {
    this.#serves(exchange);
  }

  start(): void {
    try {
      const { request } = this.exchange;
      const { door, callers, dialect } = this.connection;
      const named = routeOf(request, door.resources, door.listener.resource);
      const path = canonicalPath(named?.target ?? request.target);
      if (!path) return this.#refuse(ambiguousPath, 400);
      const browsers = dialect.browsers && named?.byHost === true;
      if (browsers && isOwnPage(path.path))
        return this.#settle(
          ownPage(this.exchange, named, this.connection, path).then((page) => this.#answer(page)),
        );
      const cookie = browsers ? cookieNames(this.exchange.caller.encrypted).login : undefined;
      const shown = callers.shown(request, cookie);
      if (isForged(this.exchange, shown)) return this.#refuse(crossSite, 403);
      const identity = callers.known(shown);
      const route = named ?? (identity && boundRoute(request, identity, door.resources));
      const visit = identity && route && this.connection.known(route.resource, identity);
      if (visit) this.#asks(visit, route, path);
      else this.#settle(this.#arrive(named, shown, path));
    } catch (error) {
      this.#fail(error instanceof AmbiguousLogin ? ambiguousLogin : error);
    }
  }

  ended(reason: Reason): void {
    this.#relay?.stop(reason);
    this.refuse(reason);
  }

  cut(): void {
    this.exchange.abort();
  }

  refuse(reason: Reason): void {
    this.#refuse(reason, statusOf(reason));
  }

  async #arrive(named: Route | undefined, shown: string, path: CanonicalPath): Promise<void> {
    const { request } = this.exchange;
    const identity = await this.#who(named, shown);
    if (this.#over || !identity) return;
    const route = named ?? boundRoute(request, identity, this.connection.door.resources);
    const resource = route?.resource ?? nameOf(request);
    const application = fieldOf(request.fields, "user-agent")?.slice(0, 200);
    let visit: Visit<HttpTarget>;
    // Another request, or a reload, may put an end to it before this turn of the loop.
    do visit = await this.connection.visit(resource, identity, application);
    while (!this.#over && !visit.current);
    if (this.#over) return;
    if (!route) throw new PosternError("resource.unknown", `There is no resource named ${resource}.`);
    this.#asks(visit, route, path);
  }

  /** undefined: nobody, who was answered; a person with a browser is sent to sign in. */
  async #who(route: Route | undefined, shown: string): Promise<Identity | undefined> {
    const { callers, dialect } = this.connection;
    let why = nobody;
    callers.forget();
    try {
      const identity = await callers.identify(shown);
      if (identity || this.#over) return identity;
    } catch (error) {
      if (!(error instanceof PosternError && isByCookie(shown)) || this.#over) throw error;
      why = error.reason;
    }
    const way = dialect.browsers && route && (await beginSignIn(this.exchange, route, this.connection));
    if (way) this.#answer(way);
    else this.#refuse(why, statusOf(why));
    return undefined;
  }

  #asks(visit: Visit<HttpTarget>, route: Route, { path, query }: CanonicalPath): void {
    this.#visit = visit;
    this.connection.enter(visit, this);
    this.#entered = true;
    const { request, upgrade, body } = this.exchange;
    const own = atPending(path, request.method, visit.gate.session);
    if (own) return "reason" in own ? this.#refuse(own.reason, own.status) : this.#answer(own);
    const { target } = route;
    const hasBody = body !== undefined;
    const asked = { head: request, target, path, query, upgrade, hasBody, config: visit.config };
    const reading = this.connection.dialect.read(asked);
    if (reading instanceof Promise) this.#settle(reading.then((read) => this.#read(asked, route, read)));
    else this.#settle(this.#read(asked, route, reading));
  }

  /** Decides on what was read, or reads more of it first. */
  #read(asked: Asked<HttpTarget>, route: Route, reading: Reading | Malformed): Promise<void> | undefined {
    if (this.#over) return undefined;
    if ("reason" in reading) {
      this.#refuse(reading.reason, reading.status);
      return undefined;
    }
    const { gate } = this.#visit as Visit<HttpTarget>;
    const plan = gate.plan(reading.statement);
    const refused = typeof plan.verdict === "object";
    if (!refused && (reading.more || (plan.verdict === "willHold" && asked.hasBody)))
      return this.#withBody(asked, route, reading);
    return this.#begin(asked, route, reading, plan, undefined);
  }

  /** With all of the body in hand: what it shows, and what a person is asked to approve. */
  async #withBody(asked: Asked<HttpTarget>, route: Route, first: Reading): Promise<void> {
    const visit = this.#visit as Visit<HttpTarget>;
    const { gate, limits, reach } = visit;
    const { dialect } = this.connection;
    const login = (secret: string | undefined) =>
      (reach as HttpReach).loginOf(secret, dialect, gate.session, asked.config);
    const most = first.more ? longestRead : limits.buffer;
    this.#room = new BodyRoom().of(gate.session.identity);
    const body = await gathered(this.exchange, most, this.#room);
    if (this.#over) return;
    if ("code" in body) return this.refuse(body);
    let reading = first;
    for (let read = 1; reading.more && read <= mostReadings; read++) {
      const plan = gate.plan(reading.statement);
      if (typeof plan.verdict === "object") break;
      const { more } = reading;
      reading = await more.call(reading, {
        body,
        ask: (head, sent) => {
          visit.controlPermit("asked-resource"); // For the trail: nothing is opened by it.
          return askedOfResource(reach as HttpReach, login, head, sent);
        },
      });
      if (this.#over) return;
    }
    const plan = gate.plan(reading.statement);
    // What is known so far is not all that it does: it never passes by that.
    if (reading.more && typeof plan.verdict !== "object") return this.#refuse(gatewayFailed, 500);
    await this.#begin(asked, route, reading, plan, reading.body ?? body);
  }

  #begin(
    asked: Asked<HttpTarget>,
    route: Route,
    reading: Reading,
    plan: Plan,
    body: Uint8Array | undefined,
  ): Promise<void> | undefined {
    const { gate } = this.#visit as Visit<HttpTarget>;
    const held = plan.verdict === "willHold";
    const { strips } = this.connection.dialect;
    const fields = held ? outgoingTrailers((reading.head ?? asked.head).fields, [], strips) : [];
    const parameters = held || body ? shownParameters(body, reading.shown, fields) : undefined;
    const waits = (hold: HeldOperation) => {
      this.#withdraw = hold.withdraw;
      if (this.#over) return hold.withdraw("abandoned");
      this.#waiting = whileHeld(this.exchange, body !== undefined, hold, route.prefix, gate);
      this.#serves(this.#waiting.exchange);
    };
    const begun = gate.begin(
      plan,
      parameters ? { inTransaction: false, parameters, held: waits } : { inTransaction: false, held: waits },
    );
    if (begun instanceof Promise) {
      return begun.then((known) => {
        this.#withdraw = undefined;
        this.#waiting?.over();
        this.#pass(asked, route, reading, known, body);
      });
    }
    this.#pass(asked, route, reading, begun, body);
    return undefined;
  }

  #pass(
    asked: Asked<HttpTarget>,
    route: Route,
    reading: Reading,
    pass: Pass | Denial,
    body: Uint8Array | undefined,
  ): void {
    if ("deny" in pass) return this.refuse(pass.deny);
    if (this.#over) return pass.end({ result: "cancelled" });
    const visit = this.#visit as Visit<HttpTarget>;
    this.#relay = new Relay({
      exchange: this.exchange,
      connection: this.connection,
      visit,
      asked,
      route,
      reading,
      pass,
      body,
      handling: this,
    });
    this.#relay.start();
  }

  #serves(exchange: Exchange): void {
    this.exchange = exchange;
    exchange.gone = () => this.#gone();
    exchange.drained = () => this.#relay?.callerDrained();
  }

  #gone(): void {
    if (this.#over) return;
    this.#withdraw?.("abandoned");
    this.#relay?.stop(undefined);
    this.done();
  }

  done(): void {
    this.#over = true;
    this.#room?.release();
    if (!this.#entered) return;
    this.#entered = false;
    this.connection.leave(this.#visit as Visit<HttpTarget>, this);
  }

  #refuse(reason: Reason, status: number): void {
    if (this.#over) return;
    const { exchange, connection } = this;
    if (!this.#relay?.answered) {
      const session = this.#visit?.gate.session.id;
      return this.#answer(connection.dialect.refusal(status, reason, session, exchange.request));
    }
    exchange.abort();
    this.done();
  }

  #answer({ head, body }: Refusal): void {
    if (this.#over) return;
    this.exchange.respond(head, body.length);
    this.exchange.write(body);
    this.exchange.end();
    this.done();
  }

  #settle(work: Promise<void> | undefined): void {
    work?.catch((error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    const reason = error instanceof PosternError ? error.reason : gatewayFailed;
    this.#relay?.stop(reason);
    this.#refuse(reason, statusOf(reason));
    if (!(error instanceof PosternError)) this.connection.door.failed(error);
  }
}
