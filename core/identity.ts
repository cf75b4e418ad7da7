import type { X509Certificate } from "node:crypto";
import type { DeviceLogin } from "./identity/device-login.ts";
import type { LoginMethod, WebFace } from "./web.ts";

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
  /** Epoch milliseconds at which it was made: an ending refuses what is older. Absent: as old as can be. */
  readonly issuedAt?: number;
  /** The provider's own login session (`sid`), so that a logout there finds what it opened here. */
  readonly loginSession?: string;
  /**
   * What is the same for all identities of one person, whichever provider vouches for them: a verified e-mail
   * address, an employee number. Only ever used to tell that two identities are one person, never to grant.
   */
  readonly person?: string;
  /** Id of the caller credential (token `jti`, issued credential id): not a secret. */
  readonly credentialId?: string;
  /** Id of the token that an issued credential was asked for with: it falls with that one. */
  readonly issuedFrom?: string;
  /** Which of the provider's authorities signed for it, where that one may be taken away by itself: a fingerprint. */
  readonly authority?: string;
  /** The one resource this caller credential is good for; absent: any. */
  readonly resource?: string;
}

/** What a caller shows us. A protocol reads it off the wire and hands it to core at once. */
export type CallerCredential =
  | { readonly kind: "token"; readonly token: string }
  /** The protocol has checked the proof against the verifier core gave it for this id. */
  | { readonly kind: "verified"; readonly id: string };

/** A public key that a caller says is its own, before or after it has proved so (SSH). */
export interface KeyOffer {
  /** The key or certificate in SSH's wire form (RFC 4253, 6.6; OpenSSH's PROTOCOL.certkeys). */
  readonly key: Uint8Array;
  /** The user name that came with it, as the protocol has it. */
  readonly user: string;
  /** Address and port of the caller. */
  readonly remote: string;
}

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

/** What a client without a token is told, so that it can get one (RFC 7628, 3.2.2). */
export interface TokenDiscovery {
  /** URL of the provider's OpenID Connect discovery document. */
  readonly configuration: string;
  /** What to ask it for: scopes, separated by spaces. */
  readonly scope: string;
}

export interface OpenIdentityProvider {
  /** undefined: not mine, ask the next provider. Throws NotAccepted: mine, and not good. */
  identify(token: string): Promise<Identity | undefined>;
  /** The same for a client certificate, possession of whose key TLS has proved. A provider without it knows none. */
  certified?(certificate: X509Certificate): Promise<Identity | undefined>;
  /** The same for a public key or an SSH certificate. Says nothing of whether the caller holds the private key. */
  keyed?(offer: KeyOffer): Promise<Identity | undefined>;
  /**
   * Whether this identity comes from here, still: its issuer is this provider's, and so is what proved it, where the
   * policy lists that by itself (a key, an authority). Where no provider of the policy says so any more, what it has
   * open ends, and what was issued to it is refused. Absent: it may.
   */
  vouchesFor?(identity: Identity): boolean;
  /**
   * Asks the provider again whether what it said still holds, while a session of a person lasts. Resolves with
   * why it does not; undefined: it does, or the provider cannot tell. `every`: milliseconds between two questions.
   */
  readonly revalidation?: {
    readonly every: number;
    ask(identity: Identity, token: string): Promise<string | undefined>;
  };
  /** What browsers and the provider itself reach of it over HTTP, below `/identity/`. Served by the supervisor. */
  readonly web?: WebFace;
  /** How people sign in from the command line. */
  readonly login?: LoginMethod;
  /** The same with a browser on another machine, where the gateway asks for them (SSH). Throws as it fails. */
  device?(signal: AbortSignal): Promise<DeviceLogin>;
  /** Where a client that signs its person in by itself gets a token that `identify` takes. */
  readonly discovery?: TokenDiscovery;
  /** Providers that sign tokens of their own (`local`) can mint them for the CLI. */
  mint?(claims: MintRequest): Promise<string>;
  close?(): void;
}

export interface MintRequest {
  readonly subject: string;
  readonly groups: readonly string[];
  readonly kind: "person" | "machine";
  /** See `Identity.person`. */
  readonly person?: string;
  /** Whom it acts for: an identity of this same provider. */
  readonly actingFor?: Identity;
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

/** Everyone in a chain of delegation, each by itself: who acts first, on whose behalf last. */
export function parties(identity: Identity): readonly Identity[] {
  const { actingFor, ...own } = identity;
  return actingFor ? [own, ...parties(actingFor)] : [own];
}

/** The same, each with whom it acts for: a rule may ask for both. */
export function chain(identity: Identity): readonly Identity[] {
  return identity.actingFor ? [identity, ...chain(identity.actingFor)] : [identity];
}

/** Whether two identities, neither of which acts for another, are one person or one machine. */
export function isSame(one: Identity, other: Identity): boolean {
  if (identityKey(one) === identityKey(other)) return true;
  return one.person !== undefined && plainName(one.person) === plainName(other.person ?? "");
}

/** Providers spell a name in their own ways; nobody becomes two persons, nor stays in, by a capital letter or a space. */
export function plainName(name: string): string {
  return name.normalize("NFKC").trim().toLowerCase();
}

/** Whether anybody of one chain of delegation is anybody of the other: then neither may answer for the other. */
export function shareParty(one: Identity, other: Identity): boolean {
  const others = parties(other);
  return parties(one).some((party) => others.some((each) => isSame(party, each)));
}
