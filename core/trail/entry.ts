import type { Ended } from "../ending.ts";
import type { Finding } from "../finding.ts";
import type { Identity } from "../identity.ts";
import type { Action, Outcome, Reason } from "../operation.ts";

/**
 * What the trail holds. One JSON object an entry; every field may be read by an auditor, so none
 * ever holds a secret or an unmasked value.
 */
export type Entry =
  | { kind: "start"; version: string; pid: number; role: "supervisor" | "worker"; previous?: readonly Head[] }
  | { kind: "stop"; reason: string }
  | { kind: "policy"; version: string; files: readonly string[] }
  | { kind: "policy-refused"; message: string }
  /** `more`: refusals of the same source since its last entry that have none of their own. */
  | { kind: "login-refused"; protocol: string; remote: string; id: string; check: string; more?: number }
  | {
      kind: "open";
      session: string;
      identity: Identity;
      resource: string;
      protocol: string;
      remote: string;
      application?: string;
      policy: string;
      credential?: string;
      /** The caller credential's id. */
      callerCredential?: string;
      /** Rights granted: each rule that may serve this session, with what it may. */
      rights: readonly { readonly rule: string; readonly may: readonly string[] }[];
    }
  | {
      kind: "connect-denied";
      identity: Identity;
      resource: string;
      protocol: string;
      remote: string;
      reason: Reason;
    }
  | {
      kind: "operation";
      session: string;
      text: string;
      /** SHA-256 (hex) and length in bytes of the whole text, where `text` is cut. */
      whole?: { readonly sha256: string; readonly bytes: number };
      actions: readonly Action[];
      /** Rights used: the rule that allowed each action, in the order of `actions`. */
      rules: readonly string[];
      policy: string;
      /** The hold that was approved for it. */
      hold?: string;
      batch?: number;
    }
  | {
      kind: "denied";
      /** How many actions more than those listed the statement has. */
      moreActions?: number;
      session: string;
      text: string;
      whole?: { readonly sha256: string; readonly bytes: number };
      actions: readonly Action[];
      reason: Reason;
      policy: string;
    }
  /** `op`: the sequence number of the operation entry in the same stream. `ms`: duration. */
  | { kind: "outcome"; session: string; op: number; outcome: Outcome; ms: number }
  | {
      kind: "hold";
      hold: string;
      session: string;
      identity: Identity;
      resource: string;
      text: string;
      whole?: { readonly sha256: string; readonly bytes: number };
      actions: readonly Action[];
      parameters?: readonly (string | null)[];
      /** Of the parameters, where the protocol knows them. */
      types?: readonly string[];
      /** What the approver was shown beside the operation. */
      findings?: readonly Finding[];
      by: string;
      /** Absent: one. */
      approvers?: 2;
      expires: number;
      inTransaction: boolean;
      batch?: number;
      policy: string;
      /** What the approval binds to (`HoldInfo.digest`). */
      digest: string;
    }
  /** The first of two approvers said yes; what the second said ends it. */
  | { kind: "hold-answered"; hold: string; session: string; by: Identity; because?: string }
  | { kind: "hold-ended"; hold: string; session: string; how: HoldEnd; by?: Identity; because?: string }
  | { kind: "close"; session: string; reason: Reason; operations: number; recording?: string }
  /** Written after a crash for what the dead process left open. */
  | {
      kind: "abandoned";
      session: string;
      stream: string;
      hold?: string;
      op?: number;
      what: "session" | "hold" | "outcome-unknown";
    }
  /** While the disk was full, so many entries (refusals, mostly) could not be written; `since`: epoch ms. */
  | { kind: "missed"; entries: number; since: number }
  /** Notices that a notifier could not deliver: one that was tried (`notice`), or `notices` for which there was no room. */
  | {
      kind: "notify-failed";
      notifier: string;
      why: string;
      notices: number;
      /** `STREAM-SEQ` of the entry that it told of. */
      notice?: string;
      event?: string;
      attempts?: number;
      session?: string;
    }
  | { kind: "access-ended"; ending: string; of: Ended; blocks: boolean; reason: Reason; by: string }
  | { kind: "access-restored"; ending: string; of: Ended; by: string }
  | {
      kind: "grant-requested";
      request: string;
      identity: Identity;
      resource: string;
      rules: readonly string[];
      /** Milliseconds. */
      for: number;
      because?: string;
      ticket?: string;
      by: string;
      approvers: number;
      expires: number;
      digest: string;
    }
  /** One approver's answer. */
  | { kind: "grant-answered"; request: string; how: "approved" | "denied"; by: Identity; because?: string }
  | {
      kind: "grant-opened";
      grant: string;
      request: string;
      identity: Identity;
      resource: string;
      rules: readonly string[];
      from: number;
      until: number;
      by: readonly Identity[];
      because?: string;
      ticket?: string;
      breakGlass: boolean;
    }
  | { kind: "grant-ended"; grant: string; how: "expired" | "revoked" | "policy"; by?: string }
  /** What was made on a resource for one session, and unmade. */
  | { kind: "lease"; lease: string; session: string; resource: string; what: string; until: number }
  | { kind: "lease-released"; lease: string; resource: string; what: string; how: "closed" | "swept" }
  | { kind: "segment"; file: string; sha256: string; bytes: number }
  | { kind: "admin"; what: string; by: string; target?: string }
  | { kind: "checkpoint"; head: Head; signature: string };

export type HoldEnd = "approved" | "denied" | "expired" | "cancelled" | "abandoned";

/** The last entry of a stream, as another stream or a signature commits to it. */
export interface Head {
  readonly stream: string;
  readonly seq: number;
  /** Hex. */
  readonly hash: string;
}

/** An entry as it was written. `time` is epoch milliseconds. */
export type Written<E extends Entry = Entry> = E & { readonly seq: number; readonly time: number };
