import type { ConnectionServices } from "./connection.ts";
import { endedBefore, endOf } from "./ended-before.ts";
import { PosternError } from "./error.ts";
import { gateOf } from "./gate-of.ts";
import { identityKey } from "./identity.ts";
import type { Reason } from "./operation.ts";
import type { Permit } from "./permit.ts";
import type { Limits } from "./policy.ts";
import type { Arrival, Reach, RequestProtocol, Resource, Visit } from "./protocol.ts";
import type { Session } from "./session.ts";
import type { SessionGate } from "./session-gate.ts";
import { controlPermit, sessionPermit } from "./session-permit.ts";
import { addressOf, noAddress } from "./source.ts";
import type { Visiting } from "./visiting.ts";

const over: Reason = { code: "session.closed", message: "Nothing of the session was under way any more." };
/** What a request has to say goodbye after its session was told to end. */
const farewellMs = 500;

/** Where a request comes from and goes to; all but the arrival is core's. */
export interface Visitor {
  readonly arrival: Arrival;
  readonly protocol: RequestProtocol;
  readonly resource: Resource;
  readonly remote: string;
}

/** The open sessions of this process that requests make up, so that all who are of one session find it. */
export class Visits {
  /** By whose they are: the one that their requests are of from now on, or that is on its way. */
  readonly #open = new Map<string, Promise<OpenVisit>>();
  /** All that are open, also those that take no more requests. */
  readonly #all = new Set<OpenVisit>();
  #stopping = false;

  constructor(
    readonly ask: () => ConnectionServices,
    /** The resource that the policy has under this name now. */
    readonly served: (name: string) => Resource | undefined,
  ) {}

  get services(): ConnectionServices {
    return this.ask();
  }

  /**
   * Whoever comes while it is being opened waits for it, and shares what becomes of that. Rejects with a PosternError
   * where policy, a limit or the resource says no, and with `gateway.stopping`.
   */
  async visit(visitor: Visitor): Promise<OpenVisit> {
    const key = keyOf(visitor);
    for (let opening = this.#open.get(key); opening; opening = this.#open.get(key)) {
      const known = await opening;
      if (known.current) return known;
      if (this.#open.get(key) === opening) this.#open.delete(key);
      known.retire();
    }
    // From here on until it is in the map nothing is awaited: nobody else opens one.
    const opened = this.#make(visitor);
    this.#open.set(key, opened);
    const gone = () => {
      if (this.#open.get(key) === opened) this.#open.delete(key);
    };
    opened.then((visit) => void visit.closed.then(gone), gone);
    return await opened;
  }

  /** Those that nobody uses end, the others once nobody does; no new one opens. */
  stop(): void {
    this.#stopping = true;
    for (const visit of this.#all) visit.retire();
  }

  async #make(visitor: Visitor): Promise<OpenVisit> {
    if (this.#stopping) throw stopping();
    const { arrival, protocol, resource } = visitor;
    const { sessions } = this.services;
    const session = await this.#session(visitor);
    session.rests = "requestIdle";
    // Until its first request is under way it does not rest.
    session.inFlight++;
    const permit = sessionPermit(session, resource, this.services, session.signal);
    try {
      const reach = await endedBefore(session.signal, protocol.reach(permit, arrival), (late) =>
        late.close(),
      );
      session.refuses = reach.refuses?.bind(reach);
      const visit = new OpenVisit(session, gateOf(session, this.services), resource, reach, permit, this);
      this.#all.add(visit);
      void visit.closed.then(() => this.#all.delete(visit));
      if (this.#stopping) visit.retire();
      return visit;
    } catch (error) {
      const reason = error instanceof PosternError ? error.reason : failed;
      session.end(reason);
      sessions.unmaking(session.id, permit.close());
      sessions.close(session, reason);
      throw error;
    } finally {
      session.inFlight--;
    }
  }

  async #session(visitor: Visitor): Promise<Session> {
    const { arrival, protocol, resource, remote } = visitor;
    const open = () => this.services.sessions.open(arrival, protocol.name, remote, resource);
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof PosternError && error.code === "limit.sessions")) throw error;
      if (!this.#makeRoom(visitor)) throw error;
      return await open();
    }
  }

  /** Ends the session of the same identity that has rested longest; false: all are in use. */
  #makeRoom({ arrival }: Visitor): boolean {
    const whose = identityKey(arrival.identity);
    let longest: OpenVisit | undefined;
    for (const visit of this.#all) {
      if (!visit.rests || identityKey(visit.session.identity) !== whose) continue;
      if (!longest || visit.session.lastActive < longest.session.lastActive) longest = visit;
    }
    longest?.retire();
    return longest !== undefined;
  }
}

function stopping(): PosternError {
  return new PosternError("gateway.stopping", "The gateway is shutting down.", {
    hint: "Try again in a moment.",
  });
}

const failed: Reason = { code: "gateway.failed", message: "The gateway failed to open this session." };

/** One session of requests. */
export class OpenVisit implements Visit {
  readonly #visiting = new Set<Visiting>();
  readonly #gone = Promise.withResolvers<void>();
  #retired = false;
  #closed = false;

  constructor(
    readonly session: Session,
    readonly gate: SessionGate,
    readonly resource: Resource,
    readonly reach: Reach,
    readonly permit: Permit,
    readonly visits: Visits,
  ) {
    session.signal.addEventListener("abort", () => this.#ended(), { once: true });
    if (session.signal.aborted) this.#ended();
  }

  /** Resolves once nothing of it is open any more. */
  get closed(): Promise<void> {
    return this.#gone.promise;
  }

  get config(): unknown {
    return this.resource.config;
  }

  get limits(): Limits {
    return this.session.rules.policy.limits;
  }

  get current(): boolean {
    return (
      !this.#retired &&
      !this.session.signal.aborted &&
      this.visits.served(this.session.resource) === this.resource
    );
  }

  get rests(): boolean {
    return this.#visiting.size === 0;
  }

  controlPermit(purpose: string): Permit {
    const { services } = this.visits;
    services.trail.append({ kind: "admin", what: purpose, by: "gateway", target: this.session.resource });
    return controlPermit(this.session, this.resource, purpose, services);
  }

  enter(who: Visiting): void {
    const { session } = this;
    if (session.signal.aborted) throw endOf(session.signal);
    if (this.#closed) throw new PosternError(over.code, over.message);
    this.#visiting.add(who);
    session.inFlight++;
  }

  leave(who: Visiting): void {
    const { session } = this;
    if (!this.#visiting.delete(who)) return;
    session.inFlight--;
    session.lastActive = Date.now();
    if (this.rests && (this.#retired || session.signal.aborted)) this.#close();
  }

  /** It takes no more requests, and ends once none is under way. */
  retire(): void {
    this.#retired = true;
    if (this.rests) this.#close();
  }

  #ended(): void {
    if (this.rests) return this.#close();
    setTimeout(() => {
      for (const who of this.#visiting) who.cut();
      this.#close();
    }, farewellMs);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#gone.resolve();
    const { sessions } = this.visits.services;
    try {
      this.reach.close();
    } finally {
      sessions.unmaking(this.session.id, this.permit.close());
      sessions.close(this.session, over);
    }
  }
}

/** Whoever shows other groups, another token or another address has a session of their own. */
function keyOf({ arrival: { identity, resource }, remote }: Visitor): string {
  return JSON.stringify([resource, identity, addressOf(remote) ?? noAddress]);
}
