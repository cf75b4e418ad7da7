import { randomBytes } from "node:crypto";
import { type Duration, milliseconds } from "../duration.ts";
import { PosternError } from "../error.ts";
import { newId } from "../id.ts";
import type { Identity } from "../identity.ts";
import type { IssuedCredential } from "../supervision.ts";
import { scramVerifier } from "./scram.ts";

export const defaultLife: Duration = "15m";
const longestLife: Duration = "24h";

export interface CredentialRequest {
  /** The one resource it is to be good for; absent: any that the identity may use. */
  readonly resource?: string;
  /** Milliseconds from now. */
  readonly ttl: number;
}

/** What goes to the caller once (`id` as user, `password`) and what is kept (all but the password). */
export interface FreshCredential extends IssuedCredential {
  readonly password: string;
}

/**
 * A user name and a password for a client that can hold nothing else. It never outlives the proof of
 * the identity that it was issued to, nor reaches further. Throws PosternError `credential.ttl`,
 * `credential.expired`, `credential.resource`.
 */
export async function issueCredential(
  identity: Identity,
  request: CredentialRequest,
): Promise<FreshCredential> {
  const { resource = identity.resource, ttl } = request;
  if (!(ttl >= 1000 && ttl <= milliseconds(longestLife))) {
    throw new PosternError("credential.ttl", `A credential may live from 1s to ${longestLife}.`, {
      hint: "Ask for a shorter life; issue a new one when it ends.",
    });
  }
  if (identity.resource !== undefined && resource !== identity.resource) {
    throw new PosternError("credential.resource", `This identity is bound to ${identity.resource}.`, {
      hint: `Issue the credential for ${identity.resource}, or sign in with a token that is not bound.`,
    });
  }
  const now = Date.now();
  const expires = Math.min(now + ttl, identity.expires ?? Number.POSITIVE_INFINITY);
  if (expires <= now) {
    throw new PosternError("credential.expired", "The token that asks for a credential has expired.", {
      hint: "Sign in again.",
    });
  }
  const id = newId("pc");
  const password = randomBytes(24).toString("base64url");
  return {
    id,
    password,
    verifier: await scramVerifier(password),
    expires,
    identity: {
      ...identity,
      ...{ credentialId: id, expires },
      ...(identity.credentialId === undefined ? {} : { issuedFrom: identity.credentialId }),
      ...(resource === undefined ? {} : { resource }),
    },
  };
}
