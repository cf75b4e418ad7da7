import { errors, jwtVerify } from "jose";
import { claimedIssuer, type Identity, NotAccepted, type OpenIdentityProvider } from "../../core/plugin.ts";
import { identityOf } from "./claims.ts";
import type { JsonObject } from "./document.ts";
import type { Introspection } from "./introspection.ts";
import type { Keys } from "./keys.ts";
import type { Terms } from "./terms.ts";
import { checkKind } from "./token-kind.ts";
import { isCompact, shapeOf, type TokenParts } from "./token-shape.ts";

type Identify = OpenIdentityProvider["identify"];

/** Identities from the tokens of one issuer: signed ones, and opaque ones where it can be asked about them. */
export function identifying(keys: Keys, terms: Terms, introspection: Introspection | undefined): Identify {
  return async (token) => {
    if (isOurs(token, terms)) return signed(token, keys, terms);
    // A token that somebody else signed is none of this provider's business.
    return introspection?.opaque && !isCompact(token) ? introspected(token, introspection, terms) : undefined;
  };
}

/** SPIFFE's tokens need not name an issuer: the trust domain is in the subject (SPIFFE JWT-SVID, 3 and 4). */
function isOurs(token: string, { issuer, spiffe }: Terms): boolean {
  const claimed = claimedIssuer(token);
  if (!spiffe) return claimed === issuer;
  try {
    return String(shapeOf(token).claims.sub).startsWith(`${issuer}/`);
  } catch {
    return false;
  }
}

async function signed(token: string, keys: Keys, terms: Terms): Promise<Identity> {
  const parts = shapeOf(token);
  const claims = await verified(token, parts, keys, terms);
  checkKind(parts, terms.accepts, terms.signInClients);
  checkParty(claims, terms);
  terms.claims?.(claims);
  return identityOf(claims, terms);
}

async function verified(
  token: string,
  { header }: TokenParts,
  keys: Keys,
  terms: Terms,
): Promise<JsonObject> {
  try {
    const { payload } = await jwtVerify(token, (protectedHeader) => keys.find(protectedHeader), {
      ...(terms.spiffe ? {} : { issuer: terms.issuer }),
      audience: terms.audience,
      algorithms: terms.algorithms,
      clockTolerance: terms.clockTolerance,
      requiredClaims: ["exp", "sub"],
    });
    return payload;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const brought = ["jwk", "jku", "x5u", "x5c"].filter((name) => Object.hasOwn(header, name));
    const note =
      brought.length > 0 && error instanceof errors.JOSEError
        ? ` The key that the token brings along (${brought.join(", ")}) does not count.`
        : "";
    throw new NotAccepted(`oidc: ${why}${note}`, { cause: error });
  }
}

async function introspected(
  token: string,
  introspection: Introspection,
  terms: Terms,
): Promise<Identity | undefined> {
  const claims = await introspection.about(token).catch((error: Error) => {
    throw new NotAccepted(`oidc: ${error.message}`, { cause: error });
  });
  if (claims?.active !== true) return undefined;
  const { iss = terms.issuer, aud, exp } = claims;
  if (iss !== terms.issuer) throw new NotAccepted('oidc: unexpected "iss" in the introspection');
  if (![aud].flat().some((name) => typeof name === "string" && terms.audience.includes(name))) {
    throw new NotAccepted('oidc: unexpected "aud" in the introspection');
  }
  if (typeof exp !== "number") throw new NotAccepted('oidc: missing "exp" in the introspection');
  checkParty(claims, terms);
  terms.claims?.(claims);
  return identityOf(claims, terms);
}

/** For whom the provider made the token: every name it gives that client must be one of the policy's. */
function checkParty({ azp, client_id }: JsonObject, { authorizedParty }: Terms): void {
  if (!authorizedParty) return;
  const named = [azp, client_id].filter((name) => name !== undefined);
  const known = named.every((name) => typeof name === "string" && authorizedParty.includes(name));
  if (named.length > 0 && known) return;
  throw new NotAccepted("oidc: the token was made for another client than the policy's authorizedParty.");
}
