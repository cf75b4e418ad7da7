import { type Identity, parties } from "./identity.ts";
import type { Reason } from "./operation.ts";

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
  /** This subject, of this issuer or of any, and everything that acts for it. */
  | { readonly kind: "identity"; readonly subject: string; readonly issuer?: string }
  /** What a login session of a provider opened. */
  | { readonly kind: "login"; readonly issuer: string; readonly session: string }
  /** What a caller credential (an issued one, or a token's `jti`) opened. */
  | { readonly kind: "credential"; readonly id: string }
  | { readonly kind: "session"; readonly id: string }
  | { readonly kind: "grant"; readonly id: string };

/** Whether an ending is about a caller: any party of a chain of delegation ends all of it. */
export function covers({ of }: Pick<Ending, "of">, identity: Identity): boolean {
  switch (of.kind) {
    case "identity":
      return parties(identity).some(
        ({ issuer, subject }) => subject === of.subject && (of.issuer ?? issuer) === issuer,
      );
    case "login":
      return parties(identity).some(
        (party) => party.issuer === of.issuer && party.loginSession === of.session,
      );
    case "credential":
      return parties(identity).some(({ credentialId }) => credentialId === of.id);
    default:
      return false;
  }
}

/** Whether a proof is refused because of an ending: it is older, or nothing new is accepted either. */
export function refuses(ending: Ending, identity: Identity): boolean {
  return covers(ending, identity) && (ending.blocks || (identity.issuedAt ?? 0) <= ending.at);
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
  return JSON.stringify(
    of.kind === "identity"
      ? [of.kind, of.issuer ?? null, of.subject]
      : [of.kind, "session" in of ? [of.issuer, of.session] : of.id],
  );
}
