import type { ConnectionServices } from "./connection.ts";
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
  readonly #open = new Map<string, Promise<OpenVisit>>();

  constructor(
    readonly ask: () => ConnectionServices,
    /** The resource that the policy has under this name now. */
    readonly served: (name: string) => Resource | undefined,
  ) {}

  get services(): ConnectionServices {
    return this.ask();
  }

  /** Rejects with a PosternError where policy, a limit or the resource says no. */
  async visit(visitor: Visitor): Promise<OpenVisit> {
    const key = keyOf(visitor);
    const known = await this.#open.get(key)?.catch(() => undefined);
    if (known?.current) return known;
    const opening = this.#open.get(key);
    // Somebody else may have begun to open it while we looked.
    if (opening && (await opening.catch(() => undefined)) !== known) return await this.visit(visitor);
    known?.retire();
    const opened = this.#make(visitor, () => {
      if (this.#open.get(key) === opened) this.#open.delete(key);
    });
    this.#open.set(key, opened);
    opened.catch(() => {
      if (this.#open.get(key) === opened) this.#open.delete(key);
    });
    return await opened;
  }

  /** Those that nobody uses end, the others once nobody does. */
  async retire(): Promise<void> {
    const open = await Promise.all([...this.#open.values()].map((each) => each.catch(() => undefined)));
    for (const visit of open) visit?.retire();
  }

  async #make(visitor: Visitor, gone: () => void): Promise<OpenVisit> {
    const { arrival, protocol, resource, remote } = visitor;
    const { sessions } = this.services;
    let session: Session;
    try {
      session = await sessions.open(arrival, protocol.name, remote, resource);
    } catch (error) {
      if (!(error instanceof PosternError && error.code === "limit.sessions")) throw error;
      if (!(await this.#makeRoom(visitor))) throw error;
      session = await sessions.open(arrival, protocol.name, remote, resource);
    }
    session.rests = "requestIdle";
    const permit = sessionPermit(session, resource, this.services);
    try {
      const reach = await protocol.reach(permit, arrival);
      session.refuses = reach.refuses?.bind(reach);
      return new OpenVisit(session, gateOf(session, this.services), resource, reach, permit, this, gone);
    } catch (error) {
      const reason = error instanceof PosternError ? error.reason : failed;
      session.end(reason);
      sessions.unmaking(session.id, permit.close());
      sessions.close(session, reason);
      throw error;
    }
  }

  /** Ends the session of the same identity that has rested longest; false: all are in use. */
  async #makeRoom({ arrival }: Visitor): Promise<boolean> {
    const whose = identityKey(arrival.identity);
    const open = await Promise.all([...this.#open.values()].map((each) => each.catch(() => undefined)));
    const resting = open
      .flatMap((visit) => (visit?.rests && identityKey(visit.session.identity) === whose ? visit : []))
      .toSorted((a, b) => a.session.lastActive - b.session.lastActive);
    resting[0]?.retire();
    return resting.length > 0;
  }
}

const failed: Reason = { code: "gateway.failed", message: "The gateway failed to open this session." };

/** One session of requests. */
export class OpenVisit implements Visit {
  readonly #cuts = new Set<() => void>();
  #retired = false;
  #closed = false;

  constructor(
    readonly session: Session,
    readonly gate: SessionGate,
    readonly resource: Resource,
    readonly reach: Reach,
    readonly permit: Permit,
    readonly visits: Visits,
    readonly gone: () => void,
  ) {
    session.signal.addEventListener("abort", () => this.#ended(), { once: true });
    if (session.signal.aborted) this.#ended();
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
    return this.#cuts.size === 0;
  }

  controlPermit(purpose: string): Permit {
    const { services } = this.visits;
    services.trail.append({ kind: "admin", what: purpose, by: "gateway", target: this.session.resource });
    return controlPermit(this.session, this.resource, purpose, services);
  }

  enter(cut: () => void): () => void {
    this.#cuts.add(cut);
    return () => {
      if (this.#cuts.delete(cut) && this.rests && (this.#retired || this.session.signal.aborted))
        this.#close();
    };
  }

  /** It takes no more requests, and ends once none is under way. */
  retire(): void {
    this.#retired = true;
    if (this.rests) this.#close();
  }

  #ended(): void {
    if (this.rests) return this.#close();
    setTimeout(() => {
      for (const cut of this.#cuts) cut();
      this.#close();
    }, farewellMs);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.gone();
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
