/** A verified caller. Made by an identity provider, never by a protocol. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly kind: "person" | "machine";
  readonly groups: readonly string[];
  /** For people to read; never used to decide. */
  readonly name?: string;
  /** Set when this identity acts for another (RFC 8693 `act`); rights are then what both have. */
  readonly actingFor?: Identity;
  /** Epoch milliseconds at which the proof of this identity ends. */
  readonly expires?: number;
  /** Id of the caller credential (token `jti`, issued credential id): not a secret. */
  readonly credentialId?: string;
  /** The one resource this caller credential is good for; absent: any. */
  readonly resource?: string;
}

/** What a caller shows us. A protocol reads it off the wire and hands it to core at once. */
export type CallerCredential =
  | { readonly kind: "token"; readonly token: string }
  /** The protocol has checked the proof against the verifier core gave it for this id. */
  | { readonly kind: "verified"; readonly id: string };

/** A SCRAM-SHA-256 verifier (RFC 5803): what is stored of a short-lived credential. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Thrown by a provider: which check failed. Shown to the operator (trail, log), never to the caller. */
export class NotAccepted extends Error {
  override readonly name = "NotAccepted";
}

export interface IdentityContext {
  /** The data folder; a provider keeps what it must keep under `identity/`. */
  readonly dataDir: string;
  /** Every listener is on the loopback interface. */
  readonly loopbackOnly: boolean;
}

/** A plugin that turns a caller credential into an identity. */
export interface IdentityProvider {
  readonly name: string;
  /** Called once a process and policy version, before any listener opens; throw to refuse to serve. */
  open(context: IdentityContext): Promise<OpenIdentityProvider>;
}

export interface OpenIdentityProvider {
  /** undefined: not mine, ask the next provider. Throws NotAccepted: mine, and not good. */
  identify(token: string): Promise<Identity | undefined>;
  /** Providers that sign tokens of their own (`local`) can mint them for the CLI. */
  mint?(claims: MintRequest): Promise<string>;
  close?(): void;
}

export interface MintRequest {
  readonly subject: string;
  readonly groups: readonly string[];
  readonly kind: "person" | "machine";
  /** Milliseconds from now. */
  readonly ttl: number;
}

/** A stable key: two identities with the same key are the same caller. */
export function identityKey(identity: Identity): string {
  const own = JSON.stringify([identity.issuer, identity.subject]);
  return identity.actingFor ? `${own}>${identityKey(identity.actingFor)}` : own;
}

/** `alice`, or `agent-7 for alice`. */
export function identityLabel(identity: Identity): string {
  const own = identity.name ?? identity.subject;
  return identity.actingFor ? `${own} for ${identityLabel(identity.actingFor)}` : own;
}
