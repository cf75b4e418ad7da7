import { createPrivateKey, createPublicKey, randomUUID } from "node:crypto";
import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import {
  claimedIssuer,
  type Identity,
  NotAccepted,
  type OpenIdentityProvider,
  PosternError,
} from "../../core/plugin.ts";
import { claimsOf, identityIn, issuer } from "./claims.ts";

/** Explicit typing (RFC 8725, 3.11): nothing else that this key may ever sign passes for a token. */
const tokenType = "postern+jwt";

export interface LocalTerms {
  readonly audience: string;
  /** Milliseconds. */
  readonly ttlMax: number;
}

export function openTokens(pem: string, terms: LocalTerms): OpenIdentityProvider {
  const key = createPrivateKey(pem);
  const publicKey = createPublicKey(key);
  return {
    vouchesFor: (other) => other.issuer === issuer,
    async identify(token) {
      if (claimedIssuer(token) !== issuer) return undefined;
      try {
        const { payload } = await jwtVerify(token, publicKey, {
          issuer,
          audience: terms.audience,
          algorithms: ["EdDSA"],
          typ: tokenType,
          requiredClaims: ["exp", "nbf", "sub", "jti"],
          maxTokenAge: terms.ttlMax / 1000,
        });
        return identityOf(payload);
      } catch (error) {
        throw error instanceof NotAccepted
          ? error
          : new NotAccepted(`local: ${text(error)}`, { cause: error });
      }
    },
    async mint(request) {
      if (!(request.ttl >= 1000 && request.ttl <= terms.ttlMax)) {
        throw new PosternError("local.ttl", `A token may live from 1 s to ${terms.ttlMax / 1000} s.`, {
          hint: "Ask for a shorter life, or raise ttlMax in local({ ttlMax }).",
        });
      }
      const now = Math.floor(Date.now() / 1000);
      const until = Math.min(now + Math.floor(request.ttl / 1000), ...expiries(request.actingFor));
      return new SignJWT({ ...claimsOf(request) })
        .setProtectedHeader({ alg: "EdDSA", typ: tokenType })
        .setIssuer(issuer)
        .setAudience(terms.audience)
        .setSubject(request.subject)
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(until)
        .sign(key);
    },
  };
}

function identityOf(payload: JWTPayload): Identity {
  const { exp, iat, jti } = payload;
  return {
    ...identityIn(payload),
    ...(exp === undefined ? {} : { expires: exp * 1000 }),
    ...(iat === undefined ? {} : { issuedAt: iat * 1000 }),
    ...(jti === undefined ? {} : { credentialId: jti }),
  };
}
/** Seconds: nobody acts for another for longer than that one's own token lives. */
function expiries(identity: Identity | undefined): number[] {
  return identity?.expires === undefined ? [] : [Math.floor(identity.expires / 1000)];
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
