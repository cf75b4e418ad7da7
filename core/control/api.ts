import type { Identity } from "../identity.ts";
import type { Outcome, Reason } from "../operation.ts";
import type { HoldInfo, SessionInfo } from "../supervision.ts";
import type { WorkerState } from "../supervisor/fleet.ts";
import type { PolicyState } from "../supervisor/policy-keeper.ts";
import type { HoldEnd } from "../trail/entry.ts";
import type { ListenerAddress } from "../worker-calls.ts";

/*
 * The bodies of the control API, as JSON over `<data>/control.sock`. docs/control-api.md lists the routes.
 * Times are epoch milliseconds.
 */

export type { AuditEntry, Page } from "../store/query.ts";
export type { HoldInfo, SessionInfo } from "../supervision.ts";
export type { HoldEvent } from "../supervisor/board.ts";
export type { PolicyState } from "../supervisor/policy-keeper.ts";

/** `GET /v1/status`. */
export interface Status {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  /** Seconds. */
  readonly uptime: number;
  readonly dataDir: string;
  readonly policy: PolicyState;
  readonly workers: readonly WorkerState[];
  readonly listeners: readonly ListenerAddress[];
  readonly sessions: number;
  readonly holds: number;
  /** The supervisor's own stream. */
  readonly trail: { readonly state: "ok" | "late" | "full" | "dead"; readonly unflushed: number };
  /** Why credentials, past sessions and the audit cannot be looked up; absent: they can. */
  readonly storeFailed?: string;
}

/** In `GET /v1/sessions` (`{ sessions }`); `?all=1` adds those that ended, newest first. */
export interface SessionView extends SessionInfo {
  /** Absent: it is open. */
  readonly closedAt?: number;
  readonly reason?: Reason;
  /** Id of its recording, once it is closed. */
  readonly recording?: string;
}

/** `GET /v1/sessions/:id`. */
export interface SessionDetail {
  readonly session: SessionView;
  /** Oldest first. */
  readonly operations: readonly OperationView[];
}

export interface OperationView {
  readonly seq: number;
  readonly time: number;
  readonly text: string;
  readonly verdict: "allowed" | "denied" | "held";
  readonly effects: readonly string[];
  /** Rules that allowed it, or the one that denied it. */
  readonly rules: readonly string[];
  /** Why it was denied. */
  readonly reason?: Reason;
  readonly hold?: string;
  /** Absent: not answered, or not any more. */
  readonly outcome?: Outcome;
  /** Milliseconds from the operation to its outcome. */
  readonly ms?: number;
}

/** In `GET /v1/approvals` (`{ approvals }`), oldest first; `?all=1` adds those that ended. */
export interface HoldView extends HoldInfo {
  readonly endedAt?: number;
  readonly how?: HoldEnd;
  readonly endedBy?: Identity;
  readonly because?: string;
}

/** Body of `POST /v1/approvals/:id`. */
export interface ApprovalRequest {
  readonly approve: boolean;
  readonly because?: string;
  /** The hold's `digest` as it was shown: an answer to anything else does not count. */
  readonly digest?: string;
}

/** Body of `POST /v1/tokens`; `ttl` as a duration ("15m"). */
export interface TokenRequest {
  readonly subject: string;
  readonly groups?: readonly string[];
  readonly kind?: "person" | "machine";
  readonly ttl?: string;
}

export interface TokenAnswer {
  readonly token: string;
  readonly expires: number;
}

/** Body of `POST /v1/credentials`. */
export interface CredentialBody {
  readonly resource?: string;
  readonly ttl?: string;
}

export interface CredentialAnswer {
  readonly user: string;
  readonly password: string;
  readonly expires: number;
}

/** One line of `GET /v1/sessions/:id/recording`; `at` is milliseconds since the recording began. */
export interface ReplayLine {
  readonly at: number;
  readonly text: string;
}

/** The same with `?raw=1`. */
export type RawLine =
  | { readonly at: number; readonly kind: "bytes"; readonly base64: string }
  | { readonly at: number; readonly kind: "event"; readonly name: string; readonly data: unknown };

/** Every answer that is no success, as application/problem+json (RFC 9457, with our own members). */
export interface Problem extends Reason {
  readonly status: number;
}
