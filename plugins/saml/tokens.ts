import { createPrivateKey, createPublicKey, randomUUID } from "node:crypto";
import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import { claimedIssuer, type Identity, NotAccepted } from "../../core/plugin.ts";
import type { SignedIn } from "./assertion.ts";

/** Explicit typing (RFC 8725, 3.11): nothing else that this key may ever sign passes for a token. */
const tokenType = "postern-saml+jwt";

export interface Minted {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** What callers show after a login: tokens of our own, which say what the assertion said. */
export class Tokens {
  readonly #private;
  readonly #public;

  /** `issuer`: our entity id; issuer and audience at once, as we speak to ourselves. `ttl`: milliseconds. */
  constructor(
    pem: string,
    readonly issuer: string,
    readonly ttl: number,
  ) {
    this.#private = createPrivateKey(pem);
    this.#public = createPublicKey(this.#private);
  }

  /** Lives no longer than the login session at the identity provider. Throws NotAccepted when it would be too long. */
  async mint({ subject, groups, name, person, session, sessionEnds }: SignedIn): Promise<Minted> {
    const now = Math.floor(Date.now() / 1000);
    const expires = Math.min(now + Math.floor(this.ttl / 1000), Math.floor((sessionEnds ?? Infinity) / 1000));
    const token = await new SignJWT({
      groups: [...groups],
      ...(name === undefined ? {} : { name }),
      ...(person === undefined ? {} : { person }),
      ...(session === undefined ? {} : { sid: session }),
    })
      .setProtectedHeader({ alg: "EdDSA", typ: tokenType })
      .setIssuer(this.issuer)
      .setAudience(this.issuer)
      .setSubject(subject)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(expires)
      .sign(this.#private);
    // Refuses what no gateway would read: better at the login than at its first use.
    claimedIssuer(token);
    return { token, expiresIn: expires - now };
  }

  async identify(token: string): Promise<Identity | undefined> {
    if (claimedIssuer(token) !== this.issuer) return undefined;
    try {
      const { payload } = await jwtVerify(token, this.#public, {
        issuer: this.issuer,
        audience: this.issuer,
        algorithms: ["EdDSA"],
        typ: tokenType,
        requiredClaims: ["exp", "nbf", "iat", "sub", "jti"],
        maxTokenAge: this.ttl / 1000,
      });
      return identityOf(payload, this.issuer);
    } catch (cause) {
      throw new NotAccepted(`saml: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}

/** The key signs nothing else, so that what it signed has the shape that `mint` gave it. */
function identityOf({ sub, exp, iat, jti, groups, name, person, sid }: JWTPayload, issuer: string): Identity {
  return {
    issuer,
    subject: String(sub),
    kind: "person",
    groups: Array.isArray(groups) ? groups.map(String) : [],
    expires: Number(exp) * 1000,
    issuedAt: Number(iat) * 1000,
    credentialId: String(jti),
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof person === "string" ? { person } : {}),
    ...(typeof sid === "string" ? { loginSession: sid } : {}),
  };
}
