import type { Finding } from "./finding.ts";
import type { Identity } from "./identity.ts";
import type { Action, Reason } from "./operation.ts";
import type { HoldEnd } from "./trail/entry.ts";

/** What can be told, by type. All of it is in the trail: nothing here is a secret, or unmasked. */
export interface NoticeData {
  "hold.opened": {
    readonly hold: string;
    readonly session: string;
    readonly identity: Identity;
    readonly resource: string;
    /** As the trail keeps it: redacted where policy redacts, cut where it is long. */
    readonly text: string;
    readonly actions: readonly Action[];
    /** Who may approve, as policy reads. */
    readonly by: string;
    /** How many of them must. */
    readonly approvers: 1 | 2;
    /** Epoch milliseconds. */
    readonly expires: number;
    readonly inTransaction: boolean;
    readonly batch?: number;
    /** What the approver is shown beside the operation: names are as somebody wrote them. */
    readonly findings?: readonly Finding[];
  };
  "hold.ended": {
    readonly hold: string;
    readonly session: string;
    readonly identity?: Identity;
    readonly resource?: string;
    readonly how: HoldEnd;
    readonly by?: Identity;
    readonly because?: string;
  };
  "operation.denied": {
    readonly session: string;
    readonly identity?: Identity;
    readonly resource?: string;
    readonly text: string;
    readonly actions: readonly Action[];
    readonly reason: Reason;
  };
  /** An identity that may not use the resource at all. */
  "session.denied": {
    readonly identity: Identity;
    readonly resource: string;
    readonly protocol: string;
    readonly remote: string;
    readonly reason: Reason;
  };
  /** Somebody asks for access; those whom the rule names may answer. */
  "grant.requested": {
    readonly request: string;
    readonly identity: Identity;
    readonly resource: string;
    readonly rules: readonly string[];
    /** Milliseconds. */
    readonly for: number;
    readonly because?: string;
    readonly ticket?: string;
    readonly by: string;
    readonly approvers: number;
    /** Epoch milliseconds. */
    readonly expires: number;
  };
  "grant.answered": {
    readonly request: string;
    readonly how: "approved" | "denied";
    readonly by: Identity;
    readonly because?: string;
  };
  "grant.opened": GrantOpened;
  /** A grant that opened at once, with nobody's approval. */
  "grant.break-glass": GrantOpened;
  "grant.ended": {
    readonly grant: string;
    readonly how: "expired" | "revoked" | "policy";
    readonly by?: string;
  };
  /** A caller credential that was not accepted. */
  "login.refused": {
    readonly protocol: string;
    readonly remote: string;
    /** What the caller was told to quote. */
    readonly id: string;
    readonly check: string;
  };
}

interface GrantOpened {
  readonly grant: string;
  readonly request: string;
  readonly identity: Identity;
  readonly resource: string;
  readonly rules: readonly string[];
  /** Epoch milliseconds. */
  readonly until: number;
  /** Who approved. */
  readonly by: readonly Identity[];
  readonly because?: string;
  readonly ticket?: string;
}

export type NoticeType = keyof NoticeData;

export const noticeTypes = [
  "hold.opened",
  "hold.ended",
  "operation.denied",
  "session.denied",
  "grant.requested",
  "grant.answered",
  "grant.opened",
  "grant.break-glass",
  "grant.ended",
  "login.refused",
] as const satisfies readonly NoticeType[];

/** One thing that happened, for somebody outside to know. */
export type Notice = {
  [T in NoticeType]: {
    /** `STREAM-SEQ` of the trail entry it tells of: the same whenever it is told again. */
    readonly id: string;
    readonly type: T;
    /** Epoch milliseconds of the entry. */
    readonly time: number;
    readonly data: NoticeData[T];
  };
}[NoticeType];

/**
 * A plugin that tells somebody outside what happens. It works beside the traffic, from the trail: one that
 * is down, slow or wrong delays no caller.
 */
export interface Notifier {
  /** For the trail and metrics: `webhook hooks.example.com`. Never a secret. */
  readonly name: string;
  /** What it wants to be told. */
  readonly events: readonly NoticeType[];
  /** Milliseconds to wait before each further attempt; after the last one the notice is given up. */
  readonly retry: readonly number[];
  /** Milliseconds that one attempt may take. */
  readonly timeout: number;
  /**
   * Called once a policy version, in the supervisor. Throws to refuse the policy: a secret that is not there.
   * Reaches nobody yet: whoever is to be told may be down when a policy loads.
   */
  open(): Promise<OpenNotifier>;
}

export interface OpenNotifier {
  /**
   * Resolves when the notice has arrived; a rejection is tried again. `signal` aborts when the attempt has
   * taken too long. A PosternError's message is kept in the trail, of any other error only the name.
   */
  deliver(notice: Notice, signal: AbortSignal): Promise<void>;
  close?(): void;
}
