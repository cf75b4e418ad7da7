import type { HeldLease } from "./credential/source.ts";
import { newId } from "./id.ts";
import { issuePermit, type Permit, type PermitTerms } from "./permit.ts";
import type { Resource } from "./protocol.ts";
import type { Session } from "./session.ts";
import type { Supervision } from "./supervision.ts";

interface Services {
  readonly supervision: Supervision;
}

/** The right to dial a session's resource as that session. `signal`: nobody waits for the connection any more. */
export function sessionPermit(
  session: Session,
  resource: Resource,
  services: Services,
  signal: AbortSignal,
): Permit {
  const { identity, role } = session;
  const until = endOf(session);
  return issuePermit(resource, {
    purpose: "session",
    session: session.id,
    identity,
    label: session.label,
    signal,
    effects: session.rules.effects,
    ...(role === undefined ? {} : { as: role }),
    ...(until === undefined ? {} : { until }),
    lease: (what, until) => lease(session, services, what, until),
  });
}

/** When it ends for certain, as far as is known now (epoch milliseconds). */
function endOf({ identity, info, rules }: Session): number | undefined {
  const ends = [
    ...(rules.lifetime === undefined ? [] : [info.openedAt + rules.lifetime]),
    ...(identity.kind === "machine" && identity.expires !== undefined ? [identity.expires] : []),
    // Where another rule goes on, so does the session.
    ...(rules.until !== undefined && rules.timed.length === rules.rights.length ? [rules.until] : []),
  ];
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** For a connection of the gateway's own to the same resource. */
export function controlPermit(
  session: Session,
  resource: Resource,
  purpose: string,
  services: Services,
): Permit {
  const terms: PermitTerms = {
    purpose: "control",
    session: session.id,
    identity: session.identity,
    label: `postern ${purpose}`,
    lease: (what, until) => lease(session, services, what, until),
  };
  return issuePermit(resource, terms);
}

async function lease(session: Session, services: Services, what: string, until: number): Promise<HeldLease> {
  const { id, resource, trail } = session;
  const made = { id: newId("lease"), resource, session: id, what, madeAt: Date.now(), until };
  trail.append({ kind: "lease", lease: made.id, session: id, resource, what, until });
  const gateway = await services.supervision.leased(made);
  session.leaseEnds = Math.min(session.leaseEnds, until);
  session.sooner();
  return {
    ...made,
    gateway,
    released() {
      trail.append({ kind: "lease-released", lease: made.id, resource, what, how: "closed" });
      services.supervision.released(made.id);
    },
  };
}
