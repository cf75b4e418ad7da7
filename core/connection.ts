import type { Endings } from "./endings.ts";
import { PosternError } from "./error.ts";
import { FrontDoor } from "./front-door.ts";
import type { OpenPolicy } from "./gateway.ts";
import type { Holds } from "./holds.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Permit } from "./permit.ts";
import type {
  Arrival,
  Carrier,
  ConnectionProtocol,
  Dialed,
  ListenerInfo,
  Protocol,
  Resource,
} from "./protocol.ts";
import { connectDenied, find, served } from "./reach.ts";
import { over, refuse } from "./refuse.ts";
import type { RefusedLogins } from "./refused-logins.ts";
import { Relayed } from "./relayed.ts";
import type { Repeats } from "./repeats.ts";
import type { Session } from "./session.ts";
import { sessionPermit } from "./session-permit.ts";
import type { Sessions } from "./sessions.ts";
import type { Strangers } from "./strangers.ts";
import type { Supervision } from "./supervision.ts";
import type { Trail } from "./trail/trail.ts";
import type { Wire } from "./wire.ts";

export interface ConnectionServices {
  readonly dataDir: string;
  readonly trail: Trail;
  readonly supervision: Supervision;
  readonly holds: Holds;
  readonly sessions: Sessions;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly endings: Endings;
  readonly strangers: Strangers;
  readonly refusedLogins: RefusedLogins;
  /** Refusals that the log tells of one by one. */
  readonly refusals: Repeats;
}

/** Times `limits.authenticate`, where the client asks a person meanwhile. */
const peopleTake = 12;

/**
 * The way of one connection: accept, identify, decide, open, dial, relay. The order is core's; each
 * step that fails refuses the caller in the protocol's own form. Resolves once the relay runs, or nothing does.
 */
export async function serveConnection(
  caller: Wire,
  listener: ListenerInfo,
  open: OpenPolicy,
  protocol: ConnectionProtocol,
  services: ConnectionServices,
): Promise<void> {
  const { policy, providers } = open;
  let session: Session | undefined;
  try {
    const door = new FrontDoor(listener, caller.remote, {
      ...services,
      providers,
      limits: policy.limits,
      way: {
        get resources() {
          return served(policy, listener);
        },
        enter: (inner) => void serveConnection(inner, listener, open, protocol, services),
        denied: (identity, resource, reason) =>
          services.trail.append(connectDenied(listener, caller, identity, resource, reason)),
      },
    });
    const arrival = await welcome(caller, door, services.strangers, protocol);
    if (!arrival) return caller.end();
    if ("carries" in arrival) {
      await services.sessions.carried(arrival, caller, listener.protocol);
      return caller.end();
    }
    const resource = find(open, listener, arrival, caller, services.trail);
    session = await services.sessions.open(arrival, listener.protocol, caller.remote, resource);
    await relayed(session, protocol, caller, resource, arrival, services);
  } catch (error) {
    try {
      refuse(protocol, caller, session, error, services);
    } finally {
      caller.end();
      if (session) services.sessions.close(session, over);
    }
  }
}

/** Finds out who comes. Throws PosternError `limit.unauthenticated`, `wire.timeout`, and what `accept` throws. */
async function welcome(
  caller: Wire,
  door: FrontDoor,
  strangers: Strangers,
  protocol: ConnectionProtocol,
): Promise<Arrival | Carrier | undefined> {
  const { unauthenticated } = door.limits;
  const authenticate = door.limits.authenticate * (protocol.asksPeople ? peopleTake : 1);
  const leave = strangers.enter(caller.remote, unauthenticated);
  try {
    caller.deadline(authenticate);
    // A refusal that is held back keeps its place, also when the caller does not wait for it.
    const arriving = protocol.accept(caller, door).finally(() => door.mayLearn());
    const arrival = await inTime(authenticate, arriving, door);
    caller.deadline(0);
    return arrival;
  } finally {
    leave();
  }
}

/** Also where it is not the caller who dawdles: an identity provider may. What the door holds back is not late. */
async function inTime<T>(ms: number, arrival: Promise<T>, door: FrontDoor): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    if (door.waits) timer.refresh();
    else late.reject(new PosternError("wire.timeout", "It took too long to find out who is calling."));
  }, ms);
  try {
    return await Promise.race([arrival, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects with what `Protocol.dial` throws; what was made for the session is being unmade then. */
async function relayed(
  session: Session,
  protocol: ConnectionProtocol,
  caller: Wire,
  resource: Resource,
  arrival: Arrival,
  services: ConnectionServices,
): Promise<void> {
  const stop = new AbortController();
  const permit = sessionPermit(session, resource, services, stop.signal);
  try {
    const dialed = await dial(session, permit, stop, protocol, caller, arrival);
    const issued = await permit.issued;
    const unmake = issued?.close && (() => permit.close());
    new Relayed(session, protocol, caller, dialed.wire, resource, unmake, services).begin(arrival, dialed);
  } catch (error) {
    services.sessions.unmaking(session.id, permit.close());
    throw error;
  }
}

/** A caller that leaves meanwhile ends its session, and so the dialing. */
async function dial(
  session: Session,
  permit: Permit,
  stop: AbortController,
  protocol: ConnectionProtocol,
  caller: Wire,
  arrival: Arrival,
): Promise<Dialed> {
  const ending = { sessionEnds: () => stop.abort(session.ended) };
  session.onEnd(ending);
  caller.whenGone = () => session.end(over);
  if (caller.closed) session.end(over);
  try {
    return await protocol.dial(permit, arrival);
  } catch (error) {
    if (!session.ended) throw error;
    // Whatever the resource seemed to do then: the caller learns what ended the session.
    const { code, message, ...more } = session.ended;
    throw new PosternError(code, message, more);
  } finally {
    caller.whenGone = undefined;
    session.offEnd(ending);
  }
}

/** Throws PosternError `policy.listen`. */
export function protocolOf(open: OpenPolicy, name: string): Protocol {
  const resource = Object.values(open.policy.resources).find((each) => each.protocol.name === name);
  if (!resource) throw new PosternError("policy.listen", `No resource speaks ${name}.`);
  return resource.protocol;
}
