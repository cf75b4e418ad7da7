import {
  type Identity,
  PosternError,
  type Reason,
  type RequestDoor,
  type Visit,
  type Visiting,
  type Wire,
} from "../../core/plugin.ts";
import { Callers } from "./callers.ts";
import type { HttpTarget } from "./config.ts";
import type { Dialect } from "./dialect.ts";
import { SentFields } from "./sent-fields.ts";

/** What is under way for one session on one connection, and hears when that session ends. */
export interface UnderWay extends Visiting {
  ended(reason: Reason): void;
}

interface Visited {
  readonly resource: string;
  /** As it was proved last on this connection. */
  identity: Identity;
  readonly visit: Visit<HttpTarget>;
  readonly underWay: Set<UnderWay>;
  readonly ended: () => void;
}

/** One caller's connection: whose its requests are, and the sessions that they are of. */
export class CallerConnection {
  readonly callers: Callers;
  readonly sentFields: SentFields;
  /** The gateway stops: the connection is to end once nothing is under way on it. */
  stopping: () => void = () => {};
  /** One, mostly: a caller uses one resource as one identity. */
  #visited: readonly Visited[] = [];

  constructor(
    readonly dialect: Dialect,
    readonly door: RequestDoor<HttpTarget>,
    readonly caller: Wire,
  ) {
    this.callers = new Callers(door, caller);
    this.sentFields = new SentFields(caller, door.listener, dialect.strips);
  }

  /** The session that this identity's last request on this resource was of, where it goes on. */
  known(resource: string, identity: Identity): Visit<HttpTarget> | undefined {
    for (const each of this.#visited) {
      if (each.identity === identity && each.resource === resource && each.visit.current) return each.visit;
    }
    return undefined;
  }

  /** Throws as `RequestDoor.visit` does. */
  async visit(
    resource: string,
    identity: Identity,
    application: string | undefined,
  ): Promise<Visit<HttpTarget>> {
    const visit = await this.door
      .visit({ identity, resource, ...(application === undefined ? {} : { application }) })
      .catch(howToName);
    const { signal } = visit.gate;
    if (signal.aborted) throw asError(signal.reason as Reason);
    const known = this.#visited.find((each) => each.visit === visit);
    if (known) known.identity = identity;
    else this.#visited = [...this.#visited.filter(goesOn), this.#watch(resource, identity, visit)];
    return visit;
  }

  /** From now until it leaves, this hears of the session's end, and is cut off where it does not heed it. */
  enter(visit: Visit<HttpTarget>, who: UnderWay): void {
    visit.enter(who);
    for (const each of this.#visited) if (each.visit === visit) each.underWay.add(who);
  }

  leave(visit: Visit<HttpTarget>, who: UnderWay): void {
    for (const each of this.#visited) if (each.visit === visit) each.underWay.delete(who);
    visit.leave(who);
  }

  /** The connection is over; its sessions go on without it. */
  close(): void {
    for (const { visit, ended } of this.#visited) visit.gate.signal.removeEventListener("abort", ended);
    this.#visited = [];
  }

  #watch(resource: string, identity: Identity, visit: Visit<HttpTarget>): Visited {
    const underWay = new Set<UnderWay>();
    const { signal } = visit.gate;
    const ended = () => {
      const reason = signal.reason as Reason;
      this.callers.forget();
      if (reason.code === "gateway.stopping") this.stopping();
      for (const each of underWay) each.ended(reason);
    };
    signal.addEventListener("abort", ended, { once: true });
    return { resource, identity, visit, underWay, ended };
  }
}

/** False: nothing of it is under way here, nor will be; then it is not watched any more. */
function goesOn({ visit, underWay, ended }: Visited): boolean {
  if (visit.current || underWay.size > 0) return true;
  visit.gate.signal.removeEventListener("abort", ended);
  return false;
}

export function asError({ code, message, ...more }: Reason): PosternError {
  return new PosternError(code, message, more);
}

/** Whatever was thrown on the way to a resource. */
export function asPosternError(error: unknown): PosternError {
  if (error instanceof PosternError) return error;
  return new PosternError("gateway.failed", "The gateway failed to reach the resource.", { cause: error });
}

/** What is no resource may be one that is named in another way. */
function howToName(error: unknown): never {
  if (!(error instanceof PosternError) || error.code !== "resource.unknown") throw error;
  throw new PosternError(error.code, error.message, {
    hint: "A path begins with a resource's name; one that has `hosts` in the policy is reached by these alone.",
    cause: error,
  });
}
