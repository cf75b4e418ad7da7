import { type JWTPayload, jwtVerify } from "jose";
import { claimedIssuer, NotAccepted, type OpenIdentityProvider } from "../../core/plugin.ts";
import { type ClaimRules, identityOf } from "./claims.ts";
import type { Keys } from "./discovery.ts";

export interface Terms extends ClaimRules {
  readonly issuer: string;
  readonly audience: string[];
  readonly algorithms: string[];
  /** Seconds. */
  readonly clockTolerance: number;
}

/**
 * The provider need not answer for the gateway to start: until it does, its callers are refused. The
 * keys are fetched ahead of the first caller where that is possible.
 */
export function openTokens(keys: Keys, terms: Terms): OpenIdentityProvider {
  keys.find().catch(() => {
    // Said again, to somebody who sees it, when the first caller comes.
  });
  return {
    async identify(token) {
      if (claimedIssuer(token) !== terms.issuer) return undefined;
      return identityOf(await verified(token, keys, terms), terms.issuer, terms);
    },
  };
}

async function verified(token: string, keys: Keys, terms: Terms): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, await keys.find(), {
      issuer: terms.issuer,
      audience: terms.audience,
      algorithms: terms.algorithms,
      clockTolerance: terms.clockTolerance,
      requiredClaims: ["exp", "sub"],
    });
    return payload;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NotAccepted(`oidc: ${why}`, { cause: error });
  }
}
