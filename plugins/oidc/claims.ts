import type { JWTPayload } from "jose";
import { type Identity, NotAccepted } from "../../core/plugin.ts";

export type Claims = Readonly<Record<string, unknown>>;

export interface ClaimRules {
  /** Path to the groups: `["realm_access", "roles"]`. */
  readonly groups: readonly string[];
  readonly name: string;
  readonly kind: (claims: Claims) => Identity["kind"];
}

/** What verified claims say of their bearer. Throws NotAccepted where a claim has no usable form. */
export function identityOf(payload: JWTPayload, issuer: string, rules: ClaimRules): Identity {
  const subject = described(payload, issuer, rules);
  const proof = {
    ...(payload.exp === undefined ? {} : { expires: payload.exp * 1000 }),
    ...(payload.jti === undefined ? {} : { credentialId: payload.jti }),
  };
  if (payload.act === undefined) return { ...subject, ...proof };
  // RFC 8693, 4.1: only the outermost actor counts; those inside it are history.
  if (!isRecord(payload.act)) throw new NotAccepted("oidc: the act claim is no object.");
  const actor = described(payload.act, issuer, { ...rules, kind: () => "machine" });
  return { ...actor, ...proof, actingFor: subject };
}

/** Without a rule: a token that a client got for itself names the client as its subject (RFC 9068, 2.2). */
export function kindByClient(claims: Claims): Identity["kind"] {
  const { sub, client_id, azp } = claims;
  return sub !== undefined && (sub === client_id || sub === azp) ? "machine" : "person";
}

function described(claims: Claims, issuer: string, rules: ClaimRules): Identity {
  const { sub, iss = issuer } = claims;
  if (typeof sub !== "string" || sub === "") throw new NotAccepted("oidc: a subject is missing.");
  if (typeof iss !== "string") throw new NotAccepted("oidc: an issuer is no text.");
  const kind = rules.kind(claims);
  if (kind !== "person" && kind !== "machine") {
    throw new NotAccepted(`oidc: the kind rule of the policy gives neither "person" nor "machine".`);
  }
  const name = claims[rules.name];
  return {
    issuer: iss,
    subject: sub,
    kind,
    groups: groupsAt(claims, rules.groups),
    ...(typeof name === "string" ? { name } : {}),
  };
}

function groupsAt(claims: Claims, path: readonly string[]): readonly string[] {
  let found: unknown = claims;
  for (const step of path) found = isRecord(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  if (found === undefined) return [];
  const groups = typeof found === "string" ? [found] : found;
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === "string")) {
    throw new NotAccepted(`oidc: the claim ${path.join(".")} is no list of names.`);
  }
  return [...new Set(groups)];
}

function isRecord(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
