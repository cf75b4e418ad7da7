import { createPrivateKey, createPublicKey, randomUUID } from "node:crypto";
import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import {
  claimedIssuer,
  type Identity,
  NotAccepted,
  type OpenIdentityProvider,
  PosternError,
} from "../../core/plugin.ts";

export const issuer = "postern:local";
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
      return new SignJWT({ groups: [...request.groups], kind: request.kind })
        .setProtectedHeader({ alg: "EdDSA", typ: tokenType })
        .setIssuer(issuer)
        .setAudience(terms.audience)
        .setSubject(request.subject)
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + Math.floor(request.ttl / 1000))
        .sign(key);
    },
  };
}

function identityOf({ sub, exp, iat, jti, groups, kind }: JWTPayload): Identity {
  if (typeof sub !== "string" || sub === "") throw new NotAccepted("local: the token has no subject.");
  if (kind !== "person" && kind !== "machine") throw new NotAccepted("local: the token names no kind.");
  if (!Array.isArray(groups) || !groups.every((name) => typeof name === "string")) {
    throw new NotAccepted("local: the groups of the token are no list of names.");
  }
  return {
    issuer,
    subject: sub,
    kind,
    groups,
    ...(exp === undefined ? {} : { expires: exp * 1000 }),
    ...(iat === undefined ? {} : { issuedAt: iat * 1000 }),
    ...(jti === undefined ? {} : { credentialId: jti }),
  };
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
