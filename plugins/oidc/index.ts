import {
  type Duration,
  type Identity,
  type IdentityProvider,
  milliseconds,
  onlyKnown,
  PosternError,
} from "../../core/plugin.ts";
import { type Claims, kindByClient } from "./claims.ts";
import { Keys } from "./discovery.ts";
import { isProtected } from "./document.ts";
import { openTokens } from "./tokens.ts";

/** Signatures that only the provider can make: a shared secret (HS*) and `none` are not to be had. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;
export type Algorithm = (typeof algorithms)[number];

export interface OidcOptions {
  /** As the provider spells it in `iss`. https, except on the loopback interface. */
  readonly issuer: string;
  /** What a token must be for; of several, any. */
  readonly audience: string | readonly [string, ...string[]];
  /** Signatures that are accepted. */
  readonly algorithms?: readonly [Algorithm, ...Algorithm[]];
  /** Where the groups are: a claim, or a path into nested claims. */
  readonly groups?: string | readonly [string, ...string[]];
  /** The claim to show people. */
  readonly name?: string;
  /** What tells a machine from a person, seeing the verified claims. */
  readonly kind?: Identity["kind"] | ((claims: Claims) => Identity["kind"]);
  /** How far the provider's clock may be off ours. */
  readonly clockSkew?: Duration;
  /** For how long an unknown key id does not lead to another fetch of the keys. */
  readonly jwksCooldown?: Duration;
}

/**
 * Identities from an OpenID Connect provider: its signed tokens (JWT) are what callers show.
 *
 *     oidc({ issuer: "https://login.example.com", audience: "postern", groups: ["realm_access", "roles"] })
 *
 * Throws PosternError `oidc.issuer`, `oidc.algorithms`, `policy.duration`, `policy.option`.
 */
export function oidc(options: OidcOptions): IdentityProvider {
  onlyKnown<OidcOptions>("oidc", options, {
    issuer: true,
    audience: true,
    algorithms: true,
    groups: true,
    name: true,
    kind: true,
    clockSkew: true,
    jwksCooldown: true,
  });
  const { issuer, kind = kindByClient, groups = "groups" } = options;
  const url = URL.parse(issuer);
  if (!url || !isProtected(url) || url.search !== "" || url.hash !== "") {
    throw new PosternError(
      "oidc.issuer",
      `"${issuer}" cannot be an issuer: it must be an https URL without query.`,
      {
        hint: "Copy the issuer from the provider's /.well-known/openid-configuration.",
      },
    );
  }
  const accepted = options.algorithms ?? ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"];
  const foreign = accepted.find((name) => !algorithms.includes(name));
  if (foreign !== undefined || accepted.length === 0) {
    throw new PosternError(
      "oidc.algorithms",
      `${JSON.stringify(foreign ?? [])} is no signature that oidc() accepts.`,
      {
        hint: `Choose from ${algorithms.join(", ")}.`,
      },
    );
  }
  const keys = () => new Keys(issuer, milliseconds(options.jwksCooldown ?? "1s"));
  const terms = {
    issuer,
    audience: typeof options.audience === "string" ? [options.audience] : [...options.audience],
    algorithms: [...accepted],
    clockTolerance: milliseconds(options.clockSkew ?? "30s") / 1000,
    groups: typeof groups === "string" ? [groups] : groups,
    name: options.name ?? "name",
    kind: typeof kind === "function" ? kind : () => kind,
  };
  return {
    name: `oidc ${issuer}`,
    async open() {
      return openTokens(keys(), terms);
    },
  };
}
