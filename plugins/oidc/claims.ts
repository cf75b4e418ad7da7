import { type Identity, NotAccepted } from "../../core/plugin.ts";
import { actorsOf } from "./actors.ts";
import { isObject } from "./document.ts";

export type Claims = Readonly<Record<string, unknown>>;

export interface ClaimRules {
  readonly issuer: string;
  readonly subject: string;
  /** Path to the groups: `["realm_access", "roles"]`. */
  readonly groups: readonly string[];
  readonly name: string;
  /** The claim that all identities of a person share; absent: `email`, where the provider has verified it. */
  readonly person: string | undefined;
  readonly kind: (claims: Claims) => Identity["kind"];
}

/** What verified claims say of their bearer. Throws NotAccepted where a claim has no usable form. */
export function identityOf(claims: Claims, rules: ClaimRules): Identity {
  const { exp, iat, jti, sid } = claims;
  const user = {
    ...party({ ...claims, iss: rules.issuer }, rules, rules.subject, rules.kind(claims)),
    ...(typeof sid === "string" ? { loginSession: sid } : {}),
  };
  const identity = actorsOf(claims).reduceRight<Identity>(
    (actingFor, actor) => ({
      ...party(actor, rules, "sub", actor.kind === "person" ? "person" : "machine"),
      actingFor,
    }),
    user,
  );
  return {
    ...identity,
    ...(typeof exp === "number" ? { expires: exp * 1000 } : {}),
    ...(typeof iat === "number" ? { issuedAt: iat * 1000 } : {}),
    ...(typeof jti === "string" ? { credentialId: jti } : {}),
  };
}

/** Without a rule: a token that a client got for itself names the client as its subject (RFC 9068, 2.2). */
export function kindByClient(claims: Claims): Identity["kind"] {
  const { sub, client_id, azp } = claims;
  return sub !== undefined && (sub === client_id || sub === azp) ? "machine" : "person";
}

function party(claims: Claims, rules: ClaimRules, subject: string, kind: Identity["kind"]): Identity {
  const { iss = rules.issuer, [subject]: sub, [rules.name]: name } = claims;
  if (typeof sub !== "string" || sub === "") {
    throw new NotAccepted(`oidc: a subject is missing (the claim ${subject}).`);
  }
  if (typeof iss !== "string") throw new NotAccepted("oidc: an issuer is no text.");
  if (kind !== "person" && kind !== "machine") {
    throw new NotAccepted(`oidc: the kind rule of the policy gives neither "person" nor "machine".`);
  }
  const person = kind === "person" ? personIn(claims, rules.person) : undefined;
  return {
    issuer: iss,
    subject: sub,
    kind,
    groups: groupsAt(claims, rules.groups),
    ...(typeof name === "string" ? { name } : {}),
    ...(person === undefined ? {} : { person }),
  };
}

/** An address is the same in any case: that can only make two identities one person, never one two. */
function personIn(claims: Claims, claim: string | undefined): string | undefined {
  if (claim === undefined && claims.email_verified !== true) return undefined;
  const value = claims[claim ?? "email"];
  return typeof value === "string" && value !== "" ? value.toLowerCase() : undefined;
}

function groupsAt(claims: Claims, path: readonly string[]): readonly string[] {
  let found: unknown = claims;
  for (const step of path) found = isObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  if (found === undefined) return [];
  const groups = typeof found === "string" ? [found] : found;
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === "string")) {
    throw new NotAccepted(`oidc: the claim ${path.join(".")} is no list of names.`);
  }
  return [...new Set(groups)];
}
