import type { IdentityProviderTerms } from "./idp.ts";

/** Which attributes say what; by their `Name`. */
export interface Reading {
  /** Absent: the NameID. */
  readonly subject?: string;
  readonly groups: readonly string[];
  readonly name?: string;
  readonly person?: string;
}

/** What a policy's `saml({ … })` comes to. */
export interface Terms {
  readonly path: string;
  readonly entityId: string;
  readonly idp: IdentityProviderTerms;
  readonly reading: Reading;
  /** Milliseconds. */
  readonly ttl: number;
  /** Milliseconds. */
  readonly clockSkew: number;
}
