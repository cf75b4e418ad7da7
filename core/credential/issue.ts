import { randomBytes } from "node:crypto";
import { type Duration, milliseconds } from "../duration.ts";
import { PosternError } from "../error.ts";
import type { Grant } from "../grant.ts";
import { newId } from "../id.ts";
import type { Identity } from "../identity.ts";
import type { IssuedCredential } from "../supervision.ts";
import { blockOf } from "./block.ts";
import { saltOf, scramVerifier } from "./scram.ts";

export const defaultLife: Duration = "15m";
export const longestLife: Duration = "24h";

export interface CredentialRequest {
  /** The one resource it is to be good for; absent: any that the identity may use. */
  readonly resource?: string;
  /** Milliseconds from now. */
  readonly ttl: number;
  /** Good for one session. */
  readonly once?: boolean;
  /** Good from this block of addresses alone. */
  readonly from?: string;
  /** What alone lets this identity use the resource: the credential ends with it. */
  readonly grant?: Pick<Grant, "id" | "until">;
}

/** What goes to the caller once (`id` as user, `password`) and what is kept (all but the password). */
export interface FreshCredential extends IssuedCredential {
  readonly password: string;
}

/**
 * A user name and a password for a client that can hold nothing else. It never outlives the proof of
 * the identity that it was issued to, nor reaches further. Throws PosternError `credential.ttl`,
 * `credential.expired`, `credential.resource`, `credential.from`.
 */
export async function issueCredential(
  identity: Identity,
  request: CredentialRequest,
): Promise<FreshCredential> {
  const { resource = identity.resource, ttl, once = false, from, grant } = request;
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
  const proof = identity.expires ?? Number.POSITIVE_INFINITY;
  const expires = Math.min(now + ttl, proof, grant?.until ?? proof);
  if (expires <= now) {
    throw new PosternError(
      "credential.expired",
      "What the credential would rest on has ended: the token, or the grant.",
      {
        hint: "Sign in again, or ask for another grant.",
      },
    );
  }
  const id = newId("pc");
  const password = randomBytes(24).toString("base64url");
  return {
    id,
    password,
    verifier: await scramVerifier(password, saltOf(id)),
    expires,
    once,
    ...(from === undefined ? {} : { from: blockOf(from) }),
    ...(grant === undefined ? {} : { grant: grant.id }),
    identity: {
      ...identity,
      ...{ credentialId: id, expires },
      ...(identity.credentialId === undefined ? {} : { issuedFrom: identity.credentialId }),
      ...(resource === undefined ? {} : { resource }),
    },
  };
}
