import { type Identity, parties, plainName } from "./identity.ts";
import type { Reason } from "./operation.ts";
import type { SessionInfo } from "./supervision.ts";

/** The end of somebody's access: what it covers ends within a second, on every gateway that shares the store. */
export interface Ending {
  /** `end_…`. */
  readonly id: string;
  /** Epoch milliseconds. Proofs that were made before are not accepted any more. */
  readonly at: number;
  readonly of: Ended;
  /** New proofs are refused as well, until it is lifted. */
  readonly blocks: boolean;
  /** What callers read: `access.revoked`, `access.logged-out`, `access.deactivated`, `credential.revoked`, `grant.ended`. */
  readonly reason: Reason;
  /** Who ended it, for the trail. */
  readonly by: string;
}

/** An ending that is asked for. */
export type EndingWish = Pick<Ending, "of" | "reason" | "by"> & { readonly blocks?: boolean };

export type Ended =
  /** This subject, however it is spelled, of this issuer or of any, and everything that acts for it. */
  | { readonly kind: "identity"; readonly subject: string; readonly issuer?: string }
  /** What a login session of a provider opened. */
  | { readonly kind: "login"; readonly issuer: string; readonly session: string }
  /** What a caller credential (an issued one, or a token's `jti`) opened. */
  | { readonly kind: "credential"; readonly id: string }
  | { readonly kind: "session"; readonly id: string }
  | { readonly kind: "grant"; readonly id: string };

/** Whether an ending is about a caller: any party of a chain of delegation ends all of it. */
export function covers({ of }: Pick<Ending, "of">, identity: Identity): boolean {
  return parties(identity).some((party) => isAbout(of, party));
}

function isAbout(of: Ended, { issuer, subject, loginSession, credentialId, issuedFrom }: Identity): boolean {
  switch (of.kind) {
    case "identity":
      return plainName(subject) === plainName(of.subject) && (of.issuer ?? issuer) === issuer;
    case "login":
      return issuer === of.issuer && loginSession === of.session;
    case "credential":
      return credentialId === of.id || issuedFrom === of.id;
    default:
      return false;
  }
}

/**
 * Whether a proof is refused because of an ending: it is that very one, it is older, or nothing new is accepted.
 * Where one proof vouches for a whole chain of delegation, its age is that of everybody in it.
 */
export function refuses({ of, blocks, at }: Ending, identity: Identity): boolean {
  const any = blocks || of.kind === "credential";
  return parties(identity).some(
    (party) => isAbout(of, party) && (any || (party.issuedAt ?? identity.issuedAt ?? 0) <= at),
  );
}

/** Whether a session ends: an ending that was heard of late spares what a newer proof has opened since. */
export function ends(ending: Ending, { id, identity, openedAt }: SessionInfo): boolean {
  if (ending.of.kind === "session") return ending.of.id === id;
  return covers(ending, identity) && (openedAt <= ending.at || refuses(ending, identity));
}

/** For lists and the trail: `identity alice`, `session ses_…`. */
export function endedLabel(of: Ended): string {
  if (of.kind === "identity")
    return `identity ${of.subject}${of.issuer === undefined ? "" : ` of ${of.issuer}`}`;
  if (of.kind === "login") return `login ${of.session} of ${of.issuer}`;
  return `${of.kind} ${of.id}`;
}

/** A key that two endings of the same thing share. */
export function endedKey(of: Ended): string {
  switch (of.kind) {
    case "identity":
      return identityEnded(of.subject, of.issuer);
    case "login":
      return loginEnded(of.issuer, of.session);
    default:
      return JSON.stringify([of.kind, of.id]);
  }
}

/** The keys of all endings that could be about this caller. */
export function endingKeys(identity: Identity): string[] {
  return parties(identity).flatMap(({ issuer, subject, loginSession, credentialId, issuedFrom }) => [
    identityEnded(subject, issuer),
    identityEnded(subject, undefined),
    ...(loginSession === undefined ? [] : [loginEnded(issuer, loginSession)]),
    ...[credentialId, issuedFrom].flatMap((id) =>
      id === undefined ? [] : [endedKey({ kind: "credential", id })],
    ),
  ]);
}

/** Whether the newer of two endings leaves nothing to the older one. */
export function supersedes(newer: Ending, older: Ending): boolean {
  return (
    endedKey(newer.of) === endedKey(older.of) &&
    newer.blocks === older.blocks &&
    (!newer.blocks || newer.by === older.by) &&
    newer.at >= older.at
  );
}

/** The end of a login is remembered for so long; no token of one is good for longer. */
export const loginMs = 31 * 24 * 3_600_000;

/** Whether a proof comes of a login of whose end nobody would know any more. */
export function outlivesLogin(identity: Identity, now: number): boolean {
  return parties(identity).some(
    ({ loginSession, issuedAt = identity.issuedAt ?? now }) =>
      loginSession !== undefined && issuedAt < now - loginMs,
  );
}

/**
 * Whether it can refuse nothing any more. Sessions and grants end once, and no credential of the gateway's own lives
 * for a month; a proof of an identity (a client certificate) may live for years, and there is one ending a subject
 * at most.
 */
export function isSpent({ of, blocks, at }: Pick<Ending, "of" | "blocks" | "at">, now: number): boolean {
  if (of.kind === "session" || of.kind === "grant") return true;
  const passing = of.kind === "login" || (of.kind === "credential" && of.id.startsWith("pc_"));
  return !blocks && passing && at < now - loginMs;
}

function identityEnded(subject: string, issuer: string | undefined): string {
  return JSON.stringify(["identity", issuer ?? null, plainName(subject)]);
}

function loginEnded(issuer: string, session: string): string {
  return JSON.stringify(["login", issuer, session]);
}
