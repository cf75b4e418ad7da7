import { Crowd } from "./crowd.ts";
import { covers, type Ending, ends } from "./ending.ts";
import type { Endings } from "./endings.ts";
import { PosternError } from "./error.ts";
import type { Grant } from "./grant.ts";
import { newId } from "./id.ts";
import { type Identity, identityKey, identityLabel } from "./identity.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Reason } from "./operation.ts";
import type { Policy } from "./policy.ts";
import type { Arrival, Carrier, Resource } from "./protocol.ts";
import { Revalidation } from "./revalidation.ts";
import { type Counters, Session } from "./session.ts";
import type { Supervision } from "./supervision.ts";
import type { Trail } from "./trail/trail.ts";
import type { Wire } from "./wire.ts";

export interface SessionsServices {
  readonly trail: Trail;
  readonly supervision: Supervision;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly endings: Endings;
}

const unvouched = {
  code: "policy.withdrawn",
  message: "The policy changed, and has no identity provider any more that vouches for you.",
} as const;

/** The open sessions of this process. */
export class Sessions {
  readonly #open = new Map<string, Session>();
  readonly #carriers = new Set<{ readonly identity: Identity; readonly wire: Wire }>();
  readonly #counters: Counters = new Map();
  readonly #crowd = new Crowd(() => this.#open.size);
  readonly #revalidation: Revalidation;
  #policy: Policy | undefined;
  #vouched: (identity: Identity) => boolean = () => true;
  #grants: readonly Grant[] = [];
  /** While any is open. */
  #sweep: ReturnType<typeof setInterval> | undefined;
  /** No session is over before (epoch milliseconds): thousands that rest need not be looked at for it. */
  #overAt = Number.POSITIVE_INFINITY;
  /** When that was looked at last. */
  #sweptAt = 0;
  readonly #sooner = () => {
    this.#overAt = 0;
  };
  #whenEmpty: (() => void)[] = [];
  /** What was made on resources for sessions that have ended, and is not unmade yet. */
  readonly #unmaking = new Set<Promise<void>>();

  constructor(readonly services: SessionsServices) {
    this.#revalidation = new Revalidation(services.log);
  }

  get size(): number {
    return this.#open.size;
  }

  /** Every session follows, or ends. `vouched`: the policy has a provider for whom it is of. */
  follow(policy: Policy, vouched: (identity: Identity) => boolean = () => true): void {
    this.#policy = policy;
    this.#vouched = vouched;
    this.#sooner();
    for (const session of this.#open.values()) {
      if (vouched(session.identity)) session.follow(policy, this.#grants);
      else session.end(unvouched);
    }
    for (const { identity, wire } of this.#carriers) if (!vouched(identity)) wire.destroy();
  }

  /** Rejects with a PosternError when policy, a limit or a guardrail does not allow it; the trail has it then. */
  async open(arrival: Arrival, protocol: string, remote: string, resource: Resource): Promise<Session> {
    const { identity } = arrival;
    const start = {
      id: newId("ses"),
      identity,
      resource: arrival.resource,
      protocol,
      remote,
      ...(arrival.application === undefined ? {} : { application: arrival.application }),
    };
    let session: Session | undefined;
    try {
      await this.#takePlace(start.id, identityKey(identity));
      session = new Session(start, this.#served, this.#grants, this.services.trail, this.#counters);
      session.open(resource.credential?.label);
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
      this.services.supervision.sessionClosed(start.id);
      if (session) session.close(error.reason);
      else this.#denied(start, error.reason);
      throw error;
    }
    this.#open.set(session.id, session);
    this.#crowd.changed();
    session.sooner = this.#sooner;
    this.#overAt = Math.min(this.#overAt, session.mayEndAt(Date.now()));
    this.#sweep ??= setInterval(() => this.#endWhatIsOver(), 250).unref();
    this.#revalidation.watch(session);
    // It may have come while the session was on its way.
    const against = this.services.endings.against(identity);
    if (against) session.end(against.reason);
    if (!this.#vouched(identity)) session.end(unvouched);
    this.services.supervision.sessionOpened(session.info);
    this.services.metrics.sessionsOpened.inc({ protocol });
    this.services.metrics.sessionsOpen.inc({ protocol });
    return session;
  }

  close(session: Session, reason: Reason): void {
    if (!this.#open.delete(session.id)) return;
    this.#crowd.changed();
    this.#revalidation.forget(session);
    this.services.metrics.sessionsOpen.dec({ protocol: session.protocol });
    try {
      session.close(reason);
    } catch (error) {
      this.services.log.error({ session: session.id, error }, "the end of a session could not be recorded");
    }
    this.services.supervision.sessionClosed(session.id);
    if (this.#open.size > 0) return;
    for (const resolve of this.#whenEmpty) resolve();
    this.#whenEmpty = [];
  }

  /** False: there is no such session. */
  end(id: string, reason: Reason): boolean {
    const session = this.#open.get(id);
    session?.end(reason);
    return session !== undefined;
  }

  /** Each session that an ending is about, whoever acts for whom. */
  endCovered(ending: Ending): void {
    for (const session of this.#open.values()) {
      if (ends(ending, session.info)) session.end(ending.reason);
    }
    for (const { identity, wire } of this.#carriers) if (covers(ending, identity)) wire.destroy();
  }

  /**
   * Until a connection that carries others is over: its owner's access may end before. It takes a place like a
   * session. Rejects with PosternError `limit.sessions`; the trail has it then.
   */
  async carried({ carries, over }: Carrier, wire: Wire, protocol: string): Promise<void> {
    const carrier = { identity: carries, wire };
    const place = newId("car");
    this.#carriers.add(carrier);
    try {
      if (this.services.endings.against(carries)) wire.destroy();
      await this.#takePlace(place, identityKey(carries));
      await over;
    } catch (error) {
      if (error instanceof PosternError) {
        const { remote } = wire;
        this.#denied({ id: place, identity: carries, resource: "(carrier)", protocol, remote }, error.reason);
      }
      throw error;
    } finally {
      this.#carriers.delete(carrier);
      this.services.supervision.sessionClosed(place);
    }
  }

  /** Rules with `grant` count by these alone. */
  useGrants(grants: readonly Grant[]): void {
    const old = new Map(this.#grants.map((grant) => [grant.id, grant]));
    const same = new Set(grants.flatMap(({ id }) => (old.has(id) ? id : [])));
    const changed = [...this.#grants, ...grants].filter(({ id }) => !same.has(id));
    const whose = new Set(changed.map(({ identity, resource }) => useKey(identity, resource)));
    this.#grants = grants;
    this.#sooner();
    for (const session of this.#open.values()) {
      if (whose.has(useKey(session.identity, session.resource))) session.follow(this.#served, grants);
    }
  }

  endAll(reason: Reason): void {
    for (const session of this.#open.values()) session.end(reason);
    for (const { wire } of this.#carriers) wire.destroy();
  }

  /** Resolves true once no session is open, false after `ms`. */
  empty(ms: number): Promise<boolean> {
    if (this.#open.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.#whenEmpty.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  /** What was made for a session is being unmade, which may outlast it. */
  unmaking(session: string, done: Promise<void>): void {
    const settled = done
      .catch((error) => {
        this.services.log.warn({ session, error }, "a session's credential was not unmade; the sweep will");
      })
      .finally(() => this.#unmaking.delete(settled));
    this.#unmaking.add(settled);
  }

  /** Resolves when nothing is left to unmake, or after `ms`: the sweep finds the rest. */
  async unmade(ms: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, ms);
    await Promise.race([Promise.all(this.#unmaking), late.promise]);
    clearTimeout(timer);
  }

  stop(): void {
    clearInterval(this.#sweep);
    this.#crowd.stop();
  }

  get #served(): Policy {
    if (!this.#policy) throw new PosternError("policy.none", "The gateway has no policy yet.");
    return this.#policy;
  }

  async #takePlace(session: string, identity: string): Promise<void> {
    const { sessions, sessionsPerIdentity } = this.#served.limits;
    const { metrics, supervision } = this.services;
    const limit = await supervision.place(session, identity, { sessions, sessionsPerIdentity });
    if (limit === undefined) return;
    metrics.limitsReached.of(limit).value++;
    throw new PosternError("limit.sessions", "Too many sessions are open.", {
      hint: `Close some; the operator sets \`limits.${limit}\`.`,
    });
  }

  #denied(start: ConstructorParameters<typeof Session>[0], reason: Reason): void {
    const { id: _id, application: _, ...who } = start;
    this.services.trail.append({ kind: "connect-denied", ...who, reason });
  }

  /** A machine's session lives as long as its token, a person's as long as the rule says. */
  #endWhatIsOver(): void {
    const now = Date.now();
    if (this.#open.size === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
      this.#overAt = Number.POSITIVE_INFINITY;
    }
    const back = now < this.#sweptAt;
    this.#sweptAt = now;
    // Set back, the clock tells of whoever was at work that they have rested since an earlier time.
    if (now < this.#overAt && !back) return;
    this.#overAt = Number.POSITIVE_INFINITY;
    for (const session of this.#open.values()) {
      const { identity, info, rules } = session;
      const { limits } = rules.policy;
      if (rules.fresh !== undefined && rules.fresh <= now) session.follow(this.#served, this.#grants);
      if (session.tokenEnds <= now) {
        session.end({
          code: "session.token-expired",
          message: `The token of ${identityLabel(identity)} has expired.`,
        });
      } else if (rules.lifetime !== undefined && info.openedAt + rules.lifetime <= now) {
        session.end({
          code: "session.lifetime",
          message: "The session has lasted as long as its rule allows.",
        });
      } else if (session.leaseEnds <= now) {
        session.end({
          code: "session.lease",
          message: "What was made on the resource for this session alone has come to its end.",
          hint: "Connect again.",
        });
      } else if (session.inFlight === 0 && session.lastActive + limits[session.rests] <= now) {
        this.services.metrics.limitsReached.of(session.rests).value++;
        session.end({ code: "session.idle", message: "The session was idle for too long." });
      }
      this.#overAt = Math.min(this.#overAt, session.mayEndAt(now));
    }
  }
}

function useKey(identity: Identity, resource: string): string {
  return `${resource} ${identityKey(identity)}`;
}
