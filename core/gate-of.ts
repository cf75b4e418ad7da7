import type { ConnectionServices } from "./connection.ts";
import type { Session } from "./session.ts";
import { type GateServices, SessionGate } from "./session-gate.ts";

/** What all sessions of a protocol share. */
const shared = new WeakMap<ConnectionServices, Map<string, GateServices>>();

/** The gate of a session that has opened, counting for the operator. */
export function gateOf(session: Session, services: ConnectionServices): SessionGate {
  const { protocol } = session;
  const known = shared.get(services) ?? new Map<string, GateServices>();
  const own = known.get(protocol) ?? gateServices(protocol, services);
  shared.set(services, known.set(protocol, own));
  return new SessionGate(session, own);
}

function gateServices(protocol: string, { holds, metrics, log }: ConnectionServices): GateServices {
  return {
    holds,
    allowed: metrics.operations.of(protocol, "allowed"),
    denied: metrics.operations.of(protocol, "denied"),
    reached: (limit) => {
      metrics.limitsReached.of(limit).value++;
    },
    failed: (session, guardrail, error) => log.error({ session, guardrail, error }, "a guardrail failed"),
  };
}
