import { NotAccepted } from "../../core/plugin.ts";
import type { TokenParts } from "./token-shape.ts";

/** Which tokens count: what is made for a resource (RFC 9068, or a plain JWT), what tells a client who signed in, or either. */
export type Accepted = "access" | "id" | "both";

const accessTypes = ["at+jwt", "application/at+jwt"];
/** JOSE is what SPIFFE allows beside JWT. */
const plainTypes = ["jwt", "application/jwt", "jose"];
/** Claims that bind an ID token to its sign-in (OpenID Connect Core 1.0, 2 and 3.3.2.11); no access token has them. */
const signInClaims = ["nonce", "at_hash", "c_hash", "s_hash"];

/**
 * Throws NotAccepted for a token of another kind. An access token that says so is one; a plain JWT is one
 * unless something in it says that it is an ID token. `clients`: ids that only ID tokens are made out to.
 */
export function checkKind(token: TokenParts, accepts: Accepted, clients: readonly string[]): void {
  const { typ } = token.header;
  const type = typeof typ === "string" ? typ.toLowerCase() : typ;
  const access = accessTypes.some((name) => name === type);
  if (!access && type !== undefined && !plainTypes.some((name) => name === type)) {
    throw new NotAccepted(`oidc: the token is of another type than an access token (typ).`);
  }
  if (token.claims.events !== undefined) throw new NotAccepted("oidc: the token tells of an event.");
  const sign = access ? undefined : signOfIdToken(token, clients);
  if (sign !== undefined && accepts === "access") {
    throw new NotAccepted(`oidc: the token is an ID token, not an access token (${sign}).`);
  }
  if (access && accepts === "id")
    throw new NotAccepted("oidc: the token is an access token, not an ID token.");
}

function signOfIdToken({ claims }: TokenParts, clients: readonly string[]): string | undefined {
  const bound = signInClaims.find((name) => Object.hasOwn(claims, name));
  if (bound !== undefined) return bound;
  // Keycloak and Cognito say it themselves.
  if (typeof claims.typ === "string" && claims.typ !== "Bearer") return `typ ${claims.typ.slice(0, 16)}`;
  if (claims.token_use === "id") return "token_use";
  const [audience, second] = [claims.aud].flat();
  if (second !== undefined || typeof audience !== "string") return undefined;
  if (clients.includes(audience)) return "aud is a client";
  return audience === (claims.azp ?? claims.client_id) ? "aud is its own client" : undefined;
}
