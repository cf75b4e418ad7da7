import { milliseconds, oneOf, onlyKnown, PosternError } from "../../core/plugin.ts";
import { type ClaimRules, kindByClient } from "./claims.ts";
import { type ClaimCheck, claimCheck } from "./conditions.ts";
import { isProtected } from "./document.ts";
import { algorithms, type OidcOptions } from "./options.ts";
import type { Accepted } from "./token-kind.ts";

/** The options of one issuer with their defaults. */
export interface Terms extends ClaimRules {
  /** The issuer is a SPIFFE trust domain. */
  readonly spiffe: boolean;
  readonly audience: string[];
  readonly algorithms: string[];
  /** Seconds. */
  readonly clockTolerance: number;
  readonly accepts: Accepted;
  readonly authorizedParty: readonly string[] | undefined;
  /** Ids of clients that sign people in, not of the gateway as a resource. */
  readonly signInClients: readonly string[];
  readonly claims: ClaimCheck | undefined;
}

/** Throws PosternError `oidc.issuer`, `oidc.algorithms`, `oidc.claims`, `policy.duration`, `policy.option`. */
export function termsOf(options: OidcOptions): Terms {
  onlyKnown<OidcOptions>("oidc", options, known);
  const { issuer, kind = kindByClient, groups = "groups", accepts = "access" } = options;
  const spiffe = issuer.startsWith("spiffe://");
  checkIssuer(issuer, spiffe && options.jwks !== undefined);
  return {
    issuer,
    spiffe,
    audience: [options.audience].flat(),
    algorithms: algorithmsOf(options.algorithms),
    clockTolerance: milliseconds(options.clockSkew ?? "30s") / 1000,
    accepts: oneOf("kind of token", accepts, ["access", "id", "both"]),
    authorizedParty: options.authorizedParty === undefined ? undefined : [options.authorizedParty].flat(),
    signInClients:
      accepts === "access"
        ? [options.login, options.browser].flatMap((client) => client?.clientId ?? [])
        : [],
    claims: options.claims === undefined ? undefined : claimCheck(options.claims),
    subject: options.subject ?? "sub",
    groups: [groups].flat(),
    name: options.name ?? "name",
    person: options.person,
    kind: typeof kind === "function" ? kind : () => kind,
  };
}

const known: Record<keyof OidcOptions, true> = {
  issuer: true,
  audience: true,
  jwks: true,
  ca: true,
  algorithms: true,
  accepts: true,
  authorizedParty: true,
  claims: true,
  subject: true,
  groups: true,
  name: true,
  person: true,
  kind: true,
  clockSkew: true,
  jwksCooldown: true,
  introspection: true,
  login: true,
  browser: true,
  logout: true,
};

function checkIssuer(issuer: string, trustDomain: boolean): void {
  const url = URL.parse(issuer);
  const fits = trustDomain
    ? /^spiffe:\/\/[a-z0-9._-]+$/.test(issuer)
    : url && isProtected(url) && url.search === "" && url.hash === "";
  if (fits) return;
  throw new PosternError(
    "oidc.issuer",
    `"${issuer}" cannot be an issuer: it must be an https URL without query, or a SPIFFE trust domain with \`jwks\`.`,
    { hint: "Copy the issuer from the provider's /.well-known/openid-configuration." },
  );
}

function algorithmsOf(wanted: OidcOptions["algorithms"]): string[] {
  const accepted = wanted ?? ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"];
  const foreign = accepted.find((name) => !algorithms.includes(name));
  if (foreign === undefined && accepted.length > 0) return [...accepted];
  throw new PosternError(
    "oidc.algorithms",
    `${JSON.stringify(foreign ?? [])} is no signature that oidc() accepts.`,
    { hint: `Choose from ${algorithms.join(", ")}.` },
  );
}
