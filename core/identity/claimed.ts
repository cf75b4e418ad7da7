import { decodeJwt } from "jose/jwt/decode";
import { NotAccepted } from "../identity.ts";

/** Characters. A token of a real provider has one to four thousand. */
export const longestToken = 16_384;

/**
 * The issuer that a token names, read before anything is verified: only to find the provider that
 * must verify it. undefined: no JWT, or one without issuer. Throws NotAccepted when it is longer than
 * any provider should have to parse.
 */
export function claimedIssuer(token: string): string | undefined {
  if (token.length > longestToken) {
    throw new NotAccepted(`The token has ${token.length} characters; the limit is ${longestToken}.`);
  }
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === "string" ? iss : undefined;
  } catch {
    return undefined;
  }
}
