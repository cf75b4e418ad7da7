import {
  type Identity,
  PosternError,
  type Reason,
  type RequestDoor,
  type Visit,
  type Wire,
} from "../../core/plugin.ts";
import { Callers } from "./callers.ts";
import type { HttpTarget } from "./config.ts";
import type { Dialect } from "./dialect.ts";

/** What is under way for one session on one connection, and hears when that session ends. */
export interface UnderWay {
  ended(reason: Reason): void;
}

interface Visited {
  readonly identity: Identity;
  readonly visit: Visit<HttpTarget>;
  readonly underWay: Set<UnderWay>;
}

/** One caller's connection: whose its requests are, and the sessions that they are of. */
export class CallerConnection {
  readonly callers: Callers;
  readonly #visited = new Map<string, Visited>();

  constructor(
    readonly dialect: Dialect,
    readonly door: RequestDoor<HttpTarget>,
    readonly caller: Wire,
  ) {
    this.callers = new Callers(door, caller);
  }

  /** The session that this identity's last request on this resource was of, where it goes on. */
  known(resource: string, identity: Identity): Visit<HttpTarget> | undefined {
    const visited = this.#visited.get(resource);
    if (visited?.identity !== identity || !visited.visit.current) return undefined;
    return visited.visit;
  }

  /** Throws as `RequestDoor.visit` does. */
  async visit(
    resource: string,
    identity: Identity,
    application: string | undefined,
  ): Promise<Visit<HttpTarget>> {
    const visit = await this.door.visit({
      identity,
      resource,
      ...(application === undefined ? {} : { application }),
    });
    const underWay = new Set<UnderWay>();
    const { signal } = visit.gate;
    if (signal.aborted) throw asError(signal.reason as Reason);
    signal.addEventListener(
      "abort",
      () => {
        this.callers.forget();
        for (const each of underWay) each.ended(signal.reason as Reason);
      },
      { once: true },
    );
    this.#visited.set(resource, { identity, visit, underWay });
    return visit;
  }

  /** From now until what it returns is called, this hears of the session's end, and is cut off where it does not heed it. */
  enter(resource: string, visit: Visit<HttpTarget>, who: UnderWay, cut: () => void): () => void {
    const visited = this.#visited.get(resource);
    const leave = visit.enter(cut);
    if (visited?.visit !== visit) return leave;
    visited.underWay.add(who);
    return () => {
      visited.underWay.delete(who);
      leave();
    };
  }
}

export function asError({ code, message, ...more }: Reason): PosternError {
  return new PosternError(code, message, more);
}
