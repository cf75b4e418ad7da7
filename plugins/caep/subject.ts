import type { Ended } from "../../core/plugin.ts";
import { SetRefused } from "./set.ts";

type Members = Readonly<Record<string, unknown>>;

/**
 * Whose access a subject identifier (RFC 9493) is about, in an issuer's identities. A user's whole access where
 * a user is named, also beside a session: not every token says of which session it is. Throws SetRefused.
 */
export function endedBy(identifier: unknown, issuer: string): Ended[] {
  const said = members(identifier);
  switch (said.format ?? said.subject_type) {
    // As drafts before RFC 9493 wrote it, which RISC transmitters still send.
    case "iss-sub":
    case "iss_sub":
      if (said.iss !== issuer) {
        throw new SetRefused("access_denied", `the subject is of ${String(said.iss)}, not of ${issuer}`);
      }
      return [{ kind: "identity", issuer, subject: text(said.sub) }];
    case "opaque":
      return [{ kind: "identity", issuer, subject: text(said.id) }];
    case "email":
      return [{ kind: "identity", issuer, subject: text(said.email) }];
    case "aliases":
      return list(said.identifiers).flatMap((one) => endedBy(one, issuer));
    default:
      return complex(said, issuer);
  }
}

/** Shared Signals Framework 1.0, 3.3: members that each are an identifier. */
function complex(said: Members, issuer: string): Ended[] {
  if (said.user !== undefined) return endedBy(said.user, issuer);
  if (said.session !== undefined) {
    const session = members(said.session);
    return [{ kind: "login", issuer, session: text(session.id ?? session.sub) }];
  }
  throw new SetRefused("invalid_request", "the subject names neither a user nor a session");
}

function members(value: unknown): Members {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Members;
  throw new SetRefused("invalid_request", "the event names no subject");
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0 && value.length <= 20) return value;
  throw new SetRefused("invalid_request", "aliases are a list of up to 20");
}

function text(value: unknown): string {
  if (typeof value === "string" && value !== "" && value.length <= 1000) return value;
  throw new SetRefused("invalid_request", "the subject has no name");
}
