import type { GrantedBy } from "../decide.ts";
import type { Ending } from "../ending.ts";
import type { Bypass, Examined } from "../examined.ts";
import type { Identity } from "../identity.ts";
import type { Outcome, Reason } from "../operation.ts";
import type { TerminalEvent } from "../protocol.ts";
import type { StoredGrant, StoredRequest } from "../store/grants.ts";
import type { HoldInfo, SessionInfo } from "../supervision.ts";
import type { WorkerState } from "../supervisor/fleet.ts";
import type { PolicyState } from "../supervisor/policy-keeper.ts";
import type { HoldEnd } from "../trail/entry.ts";
import type { Launch } from "../web/launch.ts";
import type { Reach } from "../web/reach.ts";
import type { LoginMethod } from "../web.ts";
import type { ListenerAddress } from "../worker-calls.ts";

/*
 * The bodies of the control API, as JSON over `<data>/control.sock`. docs/control-api.md lists the routes.
 * Times are epoch milliseconds.
 */

export type { AuditEntry, Page } from "../store/query.ts";
export type { HoldInfo, SessionInfo } from "../supervision.ts";
export type { HoldEvent } from "../supervisor/board.ts";
export type { PolicyState } from "../supervisor/policy-keeper.ts";
export type { RequestEvent } from "../supervisor/request-board.ts";

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
  /** Operations are missing here: segments of the trail are not what was written, as `audit verify` says. */
  readonly unreadable?: true;
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

/** Body of `POST /v1/requests`; `for` as a duration ("1h"). */
export interface RequestBody {
  readonly resource: string;
  readonly for?: string;
  readonly because?: string;
  readonly ticket?: string;
  /** Absent: all rules that a grant can open there for who asks. */
  readonly rules?: readonly string[];
  readonly breakGlass?: boolean;
}

/** A request as it is now; in `GET /v1/approvals` (`{ requests }`). `how` absent: it waits, or has run out. */
export type RequestView = StoredRequest;

/** In `GET /v1/grants` (`{ grants }`); `?all=1` adds those that ended, newest first. */
export type GrantView = StoredGrant;

/** Of `POST /v1/requests` and `GET /v1/requests/:id`; with the grant while one is open for it. */
export interface RequestAnswered {
  readonly request: RequestView;
  readonly grant?: GrantView;
}

/** Body of `POST /v1/tokens`; `ttl` as a duration ("15m"). */
export interface TokenRequest {
  readonly subject: string;
  readonly groups?: readonly string[];
  readonly kind?: "person" | "machine";
  /** What is the same for all identities of one person. */
  readonly person?: string;
  /** Token of whom it is to act for. */
  readonly actingFor?: string;
  readonly ttl?: string;
}

export interface TokenAnswer {
  readonly token: string;
  readonly expires: number;
}

/** Body of `POST /v1/credentials`; `ttl` as a duration ("15m"). */
export interface CredentialBody {
  readonly resource?: string;
  readonly ttl?: string;
  /** Good for one session. */
  readonly once?: boolean;
  /** Good from this block of addresses alone: `10.2.0.0/16`. */
  readonly from?: string;
}

/** What a caller gets, this once. Other kinds than passwords may come; a reader leaves alone what it does not know. */
export interface CredentialAnswer {
  readonly kind: "password";
  readonly id: string;
  readonly user: string;
  readonly password: string;
  readonly expires: number;
  readonly resource?: string;
  readonly once: boolean;
  readonly from?: string;
  /** The grant with which it ends. */
  readonly grant?: string;
}

/** In `GET /v1/credentials` (`{ credentials }`), newest first; `?all=1` adds those that are good no more. */
export interface CredentialView {
  readonly kind: "password";
  readonly id: string;
  readonly identity: Identity;
  /** The one that it is good for; absent: any. */
  readonly resource?: string;
  readonly issuedAt: number;
  readonly expires: number;
  readonly once: boolean;
  readonly from?: string;
  readonly grant?: string;
  /** When it was used last. */
  readonly usedAt?: number;
  readonly revokedAt?: number;
  readonly state: "good" | "used" | "revoked" | "expired";
}

/** Answer of `POST /v1/endings`. */
export interface EndedAnswer {
  readonly ending: Ending;
  /** Ids of the sessions of this gateway that it ended. */
  readonly sessions: readonly string[];
}

/** `GET /v1/whoami`. */
export interface Whoami {
  readonly identity: Identity;
  /** `alice`, or `agent-7 for alice`. */
  readonly label: string;
  /** Those that it may use, or may ask for. */
  readonly resources: readonly ResourceAccess[];
}

export interface ResourceAccess {
  readonly name: string;
  readonly protocol: string;
  /** Each rule that counts now, with what it allows. */
  readonly rights: readonly GrantedBy[];
  /** Each rule that would count with a grant, or at another hour; absent: none. */
  readonly closed?: readonly GrantedBy[];
  /** How to be let in, where no rule counts now. */
  readonly hint?: string;
}

/** In `GET /v1/resources` (`{ resources }`): where to connect; no host: nothing listens for it. */
export interface ResourceView extends Partial<Reach> {
  readonly name: string;
  readonly protocol: string;
}

/** Body of `POST /v1/connect`; `ttl` as a duration ("15m"). */
export interface ConnectBody {
  readonly resource: string;
  readonly ttl?: string;
  /** Path on the caller's machine of the PEM file that the listener's certificate leads to. */
  readonly ca?: string;
}

export type ConnectAnswer = Launch;

/** `GET /.well-known/postern`, to whoever asks. */
export interface Introduction {
  readonly version: string;
  readonly url: string;
  /** How people sign in. */
  readonly login: readonly LoginMethod[];
}

/** `GET /v1/resources/:name/examination`. */
export interface ExaminationAnswer {
  readonly found: readonly Examined[];
}

/** `GET /v1/resources/:name/bypasses`. */
export interface BypassAnswer {
  /** Most first. */
  readonly bypasses: readonly Bypass[];
}

/** One line of `GET /v1/sessions/:id/recording`; `at` is milliseconds since the recording began. */
export type ReplayLine =
  | { readonly at: number; readonly text: string }
  | { readonly at: number; readonly terminal: TerminalEvent };

/** The same with `?raw=1`. */
export type RawLine =
  | { readonly at: number; readonly kind: "bytes"; readonly base64: string }
  | { readonly at: number; readonly kind: "event"; readonly name: string; readonly data: unknown };

/** Every answer that is no success, as application/problem+json (RFC 9457, with our own members). */
export interface Problem extends Reason {
  readonly status: number;
}
