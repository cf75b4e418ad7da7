import type { Endings } from "./endings.ts";
import { PosternError } from "./error.ts";
import { FrontDoor } from "./front-door.ts";
import { gateOf } from "./gate-of.ts";
import type { OpenPolicy } from "./gateway.ts";
import type { Holds } from "./holds.ts";
import { NotAccepted } from "./identity.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Reason } from "./operation.ts";
import type { Permit } from "./permit.ts";
import type { Limits } from "./policy.ts";
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
import type { RefusedLogins } from "./refused-logins.ts";
import type { Repeats } from "./repeats.ts";
import type { Session } from "./session.ts";
import { controlPermit, sessionPermit } from "./session-permit.ts";
import type { Sessions } from "./sessions.ts";
import { sourceOf } from "./source.ts";
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

const over: Reason = { code: "session.closed", message: "The caller or the resource closed the connection." };
/** Limits that stop a connection before it has a session. Afterwards nobody waits for a single read of the caller's. */
const reachedBefore = new Map<string, keyof Limits>([
  ["wire.timeout", "authenticate"],
  ["limit.header", "header"],
  ["limit.unauthenticated", "unauthenticated"],
]);
/** Times `limits.authenticate`, where the client asks a person meanwhile. */
const peopleTake = 12;
/** What a relay has to say goodbye after its session was told to end. */
const farewellMs = 500;

/**
 * The way of one connection: accept, identify, decide, open, dial, relay. The order is core's; each
 * step that fails refuses the caller in the protocol's own form.
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
    if (!arrival) return;
    if ("carries" in arrival) return await services.sessions.carried(arrival, caller, listener.protocol);
    const resource = find(open, listener, arrival, caller, services.trail);
    session = await services.sessions.open(arrival, listener.protocol, caller.remote, resource);
    await run(session, protocol, caller, resource, arrival, services);
  } catch (error) {
    refuse(protocol, caller, session, error, services);
  } finally {
    caller.end();
    if (session) services.sessions.close(session, over);
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

async function run(
  session: Session,
  protocol: ConnectionProtocol,
  caller: Wire,
  resource: Resource,
  arrival: Arrival,
  services: ConnectionServices,
): Promise<void> {
  const permit = sessionPermit(session, resource, services);
  try {
    await serve(session, permit, protocol, caller, resource, arrival, services);
  } finally {
    // The caller does not wait for it, a stop of the gateway does.
    services.sessions.unmaking(session.id, permit.close());
  }
}

async function serve(
  session: Session,
  permit: Permit,
  protocol: ConnectionProtocol,
  caller: Wire,
  resource: Resource,
  arrival: Arrival,
  services: ConnectionServices,
): Promise<void> {
  const dialed = await dial(session, permit, protocol, caller, arrival);
  session.refuses = dialed.refuses;
  const gate = gateOf(session, services);
  let cut: ReturnType<typeof setTimeout> | undefined;
  const onEnd = () => {
    cut = setTimeout(() => {
      caller.destroy();
      dialed.wire.destroy();
    }, farewellMs);
  };
  session.signal.addEventListener("abort", onEnd, { once: true });
  if (session.signal.aborted) onEnd();
  try {
    await protocol.relay({
      caller,
      resource: dialed.wire,
      gate,
      arrival,
      config: resource.config,
      dialed,
      limits: session.rules.policy.limits,
      controlPermit(purpose) {
        services.trail.append({ kind: "admin", what: purpose, by: "gateway", target: arrival.resource });
        return controlPermit(session, resource, purpose, services);
      },
    });
  } finally {
    session.signal.removeEventListener("abort", onEnd);
    clearTimeout(cut);
    dialed.wire.end();
  }
}

/** A caller that leaves meanwhile ends its session, and so the dialing. */
async function dial(
  session: Session,
  permit: Permit,
  protocol: ConnectionProtocol,
  caller: Wire,
  arrival: Arrival,
): Promise<Dialed> {
  let dialing = true;
  void caller.gone.then(() => {
    if (dialing) session.end(over);
  });
  try {
    return await protocol.dial(permit, arrival);
  } catch (error) {
    if (!session.signal.aborted) throw error;
    // Whatever the resource seemed to do then: the caller learns what ended the session.
    const { code, message, ...more } = session.signal.reason as Reason;
    throw new PosternError(code, message, more);
  } finally {
    dialing = false;
  }
}

/** Throws PosternError `policy.listen`. */
export function protocolOf(open: OpenPolicy, name: string): Protocol {
  const resource = Object.values(open.policy.resources).find((each) => each.protocol.name === name);
  if (!resource) throw new PosternError("policy.listen", `No resource speaks ${name}.`);
  return resource.protocol;
}

/** A peer that left or dawdled is no news, and a refused login has its own line; anything else may be. */
function levelOf({ code, more }: PosternError): "debug" | "info" | "warn" {
  if (code.startsWith("wire.") || more.cause instanceof NotAccepted) return "debug";
  return more.todo === undefined ? "info" : "warn";
}

function count({ metrics }: ConnectionServices, limit: keyof Limits): void {
  metrics.limitsReached.of(limit).value++;
}

/** The caller hears it in the protocol's own form, the operator in the log. */
export function refuse(
  protocol: Protocol,
  caller: Wire,
  session: Session | undefined,
  error: unknown,
  services: ConnectionServices,
): void {
  const { log, metrics } = services;
  const known = error instanceof PosternError;
  const reason: Reason = known
    ? error.reason
    : { code: "gateway.failed", message: "The gateway failed to serve this connection." };
  metrics.connectionsRefused.inc({ protocol: protocol.name, code: reason.code });
  const limit = reachedBefore.get(reason.code);
  if (limit) count(services, limit);
  const level = known ? levelOf(error) : "error";
  if (services.refusals.passes(`${reason.code} from ${sourceOf(caller.remote)}`)) {
    log[level](
      {
        session: session?.id,
        remote: caller.remote,
        code: reason.code,
        error: known ? error.more.cause : error,
        ...(known && error.more.todo !== undefined ? { todo: error.more.todo } : {}),
      },
      reason.message,
    );
  }
  if (session) session.end(reason);
  if (caller.closed) return;
  try {
    protocol.refuse(caller, reason, session?.id);
  } catch (failure) {
    log.error({ error: failure }, "a protocol failed to refuse");
  }
}
