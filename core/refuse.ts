import type { ConnectionServices } from "./connection.ts";
import { PosternError } from "./error.ts";
import { NotAccepted } from "./identity.ts";
import type { Reason } from "./operation.ts";
import type { Limits } from "./policy.ts";
import type { Protocol } from "./protocol.ts";
import type { Session } from "./session.ts";
import { sourceOf } from "./source.ts";
import type { Wire } from "./wire.ts";

/** Why a session ends where nobody says another reason. */
export const over: Reason = {
  code: "session.closed",
  message: "The caller or the resource closed the connection.",
};

/** Limits that stop a connection before it has a session. Afterwards nobody waits for a single read of the caller's. */
const reachedBefore = new Map<string, keyof Limits>([
  ["wire.timeout", "authenticate"],
  ["limit.header", "header"],
  ["limit.unauthenticated", "unauthenticated"],
]);

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
