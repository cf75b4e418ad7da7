import type { ConnectionServices } from "./connection.ts";
import { PosternError } from "./error.ts";
import { FrontDoor } from "./front-door.ts";
import type { OpenPolicy } from "./gateway.ts";
import type { Arrival, BrowserDoor, ListenerInfo, RequestDoor, RequestProtocol, Visit } from "./protocol.ts";
import { connectDenied, find, served } from "./reach.ts";
import { refuse } from "./refuse.ts";
import type { Visits } from "./visits.ts";
import type { Wire } from "./wire.ts";

/** What the requests of one connection are decided by: the policy that is served when each of them comes. */
export interface RequestServices extends ConnectionServices {
  readonly visits: Visits;
  current(): OpenPolicy;
}

/** The way of a connection whose requests each bring their identity: identify, decide, open or find the session. */
export async function serveRequests(
  caller: Wire,
  listener: ListenerInfo,
  protocol: RequestProtocol,
  services: RequestServices,
): Promise<void> {
  let known = () => {};
  try {
    known = stranger(
      caller,
      services,
      () => door.waits,
      (error) => refuse(protocol, caller, undefined, error, services),
    );
    const door = new OpenRequestDoor(caller, listener, protocol, services, () => known());
    await protocol.serve(caller, door);
  } catch (error) {
    refuse(protocol, caller, undefined, error, services);
  } finally {
    known();
    caller.end();
  }
}

/**
 * Takes a place among those who have not shown who they are, until what it returns is called. Who keeps it too long is
 * refused. Throws PosternError `limit.unauthenticated`.
 */
function stranger(
  caller: Wire,
  { strangers, current }: RequestServices,
  waits: () => boolean,
  refused: (error: PosternError) => void,
): () => void {
  const { unauthenticated, authenticate } = current().policy.limits;
  const leave = strangers.enter(caller.remote, unauthenticated);
  caller.deadline(authenticate);
  const late = setTimeout(() => {
    if (waits()) return late.refresh();
    refused(new PosternError("wire.timeout", "It took too long to find out who is calling."));
    caller.end();
  }, authenticate);
  let over = false;
  return () => {
    if (over) return;
    over = true;
    clearTimeout(late);
    caller.deadline(0);
    leave();
  };
}

class OpenRequestDoor extends FrontDoor implements RequestDoor {
  constructor(
    readonly caller: Wire,
    listener: ListenerInfo,
    readonly protocol: RequestProtocol,
    readonly requests: RequestServices,
    known: () => void,
  ) {
    super(listener, caller.remote, {
      ...requests,
      get providers() {
        return requests.current().providers;
      },
      get limits() {
        return requests.current().policy.limits;
      },
      known,
      way: {
        get resources() {
          return served(requests.current().policy, listener);
        },
        enter: (inner) => inner.destroy(),
        denied: (identity, resource, reason) =>
          requests.trail.append(connectDenied(listener, caller, identity, resource, reason)),
      },
    });
  }

  get browser(): BrowserDoor {
    const { caller, requests } = this;
    const { supervision } = requests;
    return {
      begin: (wish) => supervision.beginLogin(wish, caller.remote),
      finish: (shown) => supervision.finishLogin(shown, caller.remote),
      signOut: (identity) => supervision.signOut(identity),
    };
  }

  failed(error: unknown): void {
    const { log } = this.requests;
    log.error({ remote: this.remote, protocol: this.protocol.name, error }, "a request failed");
  }

  async visit(arrival: Arrival): Promise<Visit> {
    const { caller, listener, protocol, requests } = this;
    this.#stillThere(arrival);
    const resource = find(requests.current(), listener, arrival, caller, requests.trail);
    return await requests.visits.visit({ arrival, protocol, resource, remote: caller.remote });
  }

  /** A connection may outlive its listener, and takes no request any more. Throws PosternError `policy.no-listener`. */
  #stillThere({ identity, resource }: Arrival): void {
    const { listener, requests } = this;
    const { listen } = requests.current().policy;
    const there = listen.some(
      ({ protocol, host, port, resource: only }) =>
        protocol === listener.protocol &&
        host === listener.host &&
        (port === 0 || port === listener.port) &&
        only === listener.resource,
    );
    if (there) return;
    const error = new PosternError(
      "policy.no-listener",
      "The policy changed, and nothing listens here any more.",
      {
        hint: "Connect again, to where the operator says.",
      },
    );
    this.denied(identity, resource, error.reason);
    throw error;
  }
}
