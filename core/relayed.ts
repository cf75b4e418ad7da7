import type { ConnectionServices } from "./connection.ts";
import type { EndListener } from "./gate.ts";
import { gateOf } from "./gate-of.ts";
import type { Permit } from "./permit.ts";
import type { Arrival, ConnectionProtocol, Dialed, Resource } from "./protocol.ts";
import { over, refuse } from "./refuse.ts";
import type { Session } from "./session.ts";
import { controlPermit } from "./session-permit.ts";
import type { Wire } from "./wire.ts";

/** What a relay has to say goodbye after its session was told to end. */
const farewellMs = 500;

/**
 * A session while its relay runs, to its end. It may rest for hours: nothing is kept here of how it began, and no function
 * waits for it.
 */
export class Relayed implements EndListener {
  #cut: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(
    readonly session: Session,
    readonly protocol: ConnectionProtocol,
    readonly caller: Wire,
    /** The connection to the resource. */
    readonly wire: Wire,
    readonly resource: Resource,
    /** Unmakes what was made on the resource for it; undefined: nothing was. */
    readonly unmake: (() => Promise<void>) | undefined,
    readonly services: ConnectionServices,
  ) {}

  /** Ends by itself. */
  begin(arrival: Arrival, dialed: Dialed): void {
    try {
      this.#relay(arrival, dialed).then(
        () => this.#end(),
        (error: unknown) => this.#end({ error }),
      );
    } catch (error) {
      this.#end({ error });
    }
  }

  #relay(arrival: Arrival, dialed: Dialed): Promise<void> {
    const { session, services } = this;
    session.refuses = dialed.refuses;
    session.onEnd(this);
    return this.protocol.relay({
      caller: this.caller,
      resource: dialed.wire,
      gate: gateOf(session, services),
      arrival,
      config: this.resource.config,
      dialed,
      limits: session.rules.policy.limits,
      controlPermit: (purpose) => this.#controlPermit(purpose),
      deliver: (message) => services.supervision.deliver(session.protocol, message),
    });
  }

  sessionEnds(): void {
    if (this.#over) return;
    this.#cut = setTimeout(() => {
      this.caller.destroy();
      this.wire.destroy();
    }, farewellMs);
  }

  #controlPermit(purpose: string): Permit {
    const { session, resource, services } = this;
    services.trail.append({ kind: "admin", what: purpose, by: "gateway", target: session.resource });
    return controlPermit(session, resource, purpose, services);
  }

  #end(failed?: { readonly error: unknown }): void {
    const { session, protocol, caller, services } = this;
    this.#over = true;
    clearTimeout(this.#cut);
    try {
      this.wire.end();
      // The caller does not wait for it, a stop of the gateway does.
      if (this.unmake) services.sessions.unmaking(session.id, this.unmake());
      if (failed) refuse(protocol, caller, session, failed.error, services);
    } catch (error) {
      services.log.error({ error }, "a connection failed");
      caller.destroy();
    }
    caller.end();
    services.sessions.close(session, over);
  }
}
