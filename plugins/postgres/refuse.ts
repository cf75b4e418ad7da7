import type { Reason, Wire } from "../../core/plugin.ts";
import { errorResponse } from "./wire/report.ts";

/**
 * SQLSTATE by reason (PostgreSQL 18, appendix A): the whole code first, then what stands before its
 * dot. What is in neither is insufficient_privilege, since a reason says why something was refused.
 */
const states: Readonly<Record<string, string>> = {
  access: "57P01",
  credential: "28000",
  "credential.revoked": "57P01",
  gateway: "57P01",
  "gateway.failed": "XX000",
  "grant.ended": "57P01",
  guardrail: "58000",
  "hold.cancelled": "57014",
  "hold.expired": "57014",
  identity: "28000",
  "identity.refused": "28P01",
  limit: "53400",
  "limit.buffer": "54000",
  "limit.frame": "54000",
  "limit.header": "54000",
  "limit.rows": "54000",
  "limit.sessions": "53300",
  "limit.statement-time": "57014",
  "limit.statements": "54000",
  "limit.unauthenticated": "53300",
  permit: "XX000",
  "policy.withdrawn": "57P01",
  "postgres.insecure": "28000",
  "postgres.oauth": "28000",
  "postgres.protocol": "08P01",
  "postgres.replication": "28000",
  "postgres.setting": "22023",
  "postgres.user": "28000",
  "postgres.version": "0A000",
  recording: "58030",
  relay: "XX000",
  resource: "08001",
  "resource.login": "08004",
  "resource.unknown": "3D000",
  session: "57P01",
  "session.idle": "57P05",
  tls: "08P01",
  "tls.client-certificate": "28000",
  trail: "58030",
  "trail.full": "53100",
  "wire.timeout": "08006",
};

export function sqlState(code: string): string {
  return states[code] ?? states[code.slice(0, code.indexOf("."))] ?? "42501";
}

/**
 * An ErrorResponse that tells a reason: the rule, the code and the session are its DETAIL. `position`: where in the
 * caller's text it could not be read, in characters from 1.
 */
export function reasonError(
  severity: "ERROR" | "FATAL",
  reason: Reason,
  session?: string,
  position?: number,
): Buffer {
  const detail = [
    reason.rule === undefined ? undefined : `Rule: ${reason.rule}.`,
    `Code: ${reason.code}.`,
    session === undefined ? undefined : `Session: ${session}.`,
  ];
  return errorResponse({
    severity,
    code: sqlState(reason.code),
    message: reason.message,
    detail: detail.filter((part) => part !== undefined).join(" "),
    ...(reason.hint === undefined ? {} : { hint: reason.hint }),
    ...(position === undefined ? {} : { position: String(position) }),
  });
}

/** TLS 1.0 to 1.3 alike: a fatal alert, handshake_failure (RFC 8446, 6). */
const tlsAlert = Buffer.of(0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28);

export function refuse(caller: Wire, reason: Reason, session?: string): void {
  caller.write(reason.code === "postgres.tls" ? tlsAlert : reasonError("FATAL", reason, session));
}
