import type { Duration, Identity, Secret } from "../../core/plugin.ts";
import type { BrowserClient } from "./browser.ts";
import type { Claims } from "./claims.ts";
import type { ClaimConditions } from "./conditions.ts";
import type { Accepted } from "./token-kind.ts";

/** Signatures that only the provider can make: a shared secret (HS*) and `none` are not to be had. */
export const algorithms = [
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
  /** As the provider spells it in `iss`. https, except on the loopback interface; `spiffe://…` with `jwks`. */
  readonly issuer: string;
  /** What a token must be for; of several, any. */
  readonly audience: string | readonly [string, ...string[]];
  /** URL or file with the public keys (a JWK set), where there is no discovery. */
  readonly jwks?: string;
  /** PEM file with the authorities that the provider's own certificate may come from. */
  readonly ca?: string;
  /** Signatures that are accepted. */
  readonly algorithms?: readonly [Algorithm, ...Algorithm[]];
  /** Which tokens count; an ID token is made for a client, not for the gateway. */
  readonly accepts?: Accepted;
  /** Clients that the provider may have made a token for (`azp`, `client_id`). */
  readonly authorizedParty?: string | readonly [string, ...string[]];
  /** What further claims must be; of several objects, any. */
  readonly claims?: ClaimConditions | readonly ClaimConditions[];
  /** The claim that tells callers apart. */
  readonly subject?: string;
  /** Where the groups are: a claim, or a path into nested claims. */
  readonly groups?: string | readonly [string, ...string[]];
  /** The claim to show people. */
  readonly name?: string;
  /** The claim that is the same for all identities of one person; absent: a verified `email`. */
  readonly person?: string;
  /** What tells a machine from a person, seeing the verified claims. */
  readonly kind?: Identity["kind"] | ((claims: Claims) => Identity["kind"]);
  /** How far the provider's clock may be off ours. */
  readonly clockSkew?: Duration;
  /** The shortest time between two fetches of the keys that unknown key ids lead to. */
  readonly jwksCooldown?: Duration;
  /** Asks the provider again while a person's session lasts (RFC 7662). */
  readonly introspection?: {
    readonly clientId: string;
    readonly secret: Secret;
    readonly every?: Duration;
    /** Callers may show tokens that only the provider can read. */
    readonly opaque?: boolean;
    /** Where to ask; absent: as discovery says. */
    readonly url?: string;
  };
  /** The public client by which `postern login` signs people in. */
  readonly login?: { readonly clientId: string; readonly scopes?: readonly string[] };
  /** The client by which people are signed in who come to an HTTP resource with a browser. With a secret, a confidential one. */
  readonly browser?: BrowserClient;
  /** How a logout at the provider reaches the gateway; on where there is `login` or `browser`. */
  readonly logout?: {
    /** The next part of the URL after `/identity/`; absent: made of the issuer. */
    readonly path?: string;
    /** What a logout ends where the token names both: all that the person has open, or what that login opened. */
    readonly ends?: "subject" | "session";
    /** Further clients whose logouts count. */
    readonly clients?: readonly string[];
  };
}
