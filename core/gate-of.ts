import type { ConnectionServices } from "./connection.ts";
import type { Session } from "./session.ts";
import { SessionGate } from "./session-gate.ts";

/** The gate of a session that has opened, counting for the operator. */
export function gateOf(session: Session, { holds, metrics, log }: ConnectionServices): SessionGate {
  return new SessionGate(session, {
    holds,
    allowed: metrics.operations.of(session.protocol, "allowed"),
    denied: metrics.operations.of(session.protocol, "denied"),
    reached: (limit) => {
      metrics.limitsReached.of(limit).value++;
    },
    guardrailLimit: session.rules.policy.limits.guardrail,
    failed: (guardrail, error) => log.error({ session: session.id, guardrail, error }, "a guardrail failed"),
  });
}
