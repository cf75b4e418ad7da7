import type { NewLease } from "./credential/source.ts";
import type { Ending } from "./ending.ts";
import type { Finding } from "./finding.ts";
import type { Grant } from "./grant.ts";
import type { ShownCode } from "./identity/login-codes.ts";
import type { Identity, ScramVerifier } from "./identity.ts";
import type { Action, Reason } from "./operation.ts";
import type { Limits } from "./policy.ts";
import type { HoldEnd } from "./trail/entry.ts";

/** What a worker tells and asks its supervisor. In tests it is a plain object. */
export interface Supervision {
  /**
   * Takes a place for a session that is about to open, among those of all workers; else the limit that is
   * in the way. `sessionClosed` gives it back.
   */
  place(session: string, identity: string, limits: SessionLimits): Promise<keyof SessionLimits | undefined>;
  sessionOpened(session: SessionInfo): void;
  sessionClosed(id: string): void;
  holdOpened(hold: HoldInfo): void;
  /** The first of two approvers has said yes. */
  holdApproved(id: string, by: Identity): void;
  holdEnded(id: string, how: HoldEnd): void;
  /** A short-lived credential by id; undefined when unknown, expired or revoked. */
  credential(id: string): Promise<IssuedCredential | undefined>;
  /**
   * The proof of this credential was good: takes it as used from this address. Resolves with why it is not
   * accepted all the same (used up, revoked meanwhile, from elsewhere); undefined: it is.
   */
  credentialUsed(id: string, remote: string): Promise<string | undefined>;
  /** Safe in the store when it resolves, with the id of this gateway among those that share the store. */
  leased(lease: NewLease): Promise<string>;
  /** What the lease stood for is unmade. */
  released(lease: string): void;
  /** A login from this address failed. Resolves with the milliseconds to wait before the caller learns it. */
  loginFailed(remote: string): Promise<number>;
  /** Somebody begins to sign in with a browser. undefined: nobody signs people in that way. */
  beginLogin(wish: BrowserLoginWish, remote: string): Promise<BegunLogin | undefined>;
  /** They are back. Rejects with PosternError `identity.refused`, `policy.no-rule`, `credential.*`. */
  finishLogin(shown: ShownLogin, remote: string): Promise<FinishedLogin>;
  /** They want to be signed out: the credential of this identity is revoked, on every gateway of the store. */
  signOut(identity: Identity): Promise<void>;
  /** Whether the worker's stream of the trail rests: nothing comes for it before the opposite is told. */
  trailRests(stream: string, rests: boolean): void;
  /** Hands a message to this protocol in every worker. Resolves when it was taken there, or nobody is there to take it. */
  deliver(protocol: string, message: Uint8Array): Promise<void>;
}

/** What a browser wants that has to sign in first. */
export interface BrowserLoginWish {
  readonly resource: string;
  /** On a host of that resource's own; whoever asks has made sure of it. */
  readonly redirectUri: string;
  /** Path and query to go back to. */
  readonly path: string;
}

export interface BegunLogin {
  /** URL at the identity provider. */
  readonly to: string;
  /** Comes back in the query of `redirectUri`. */
  readonly state: string;
  /** For this browser alone: proves that it is the one that began (RFC 7636). */
  readonly verifier: string;
}

/** What a browser shows that has signed in. */
export interface ShownLogin extends ShownCode, Pick<BrowserLoginWish, "resource"> {
  readonly state: string;
}

export interface FinishedLogin {
  /** `pc_….password`: good for the one resource. */
  readonly credential: string;
  /** Epoch milliseconds at which it ends. */
  readonly expires: number;
  /** As the wish had it. */
  readonly path: string;
}

export type SessionLimits = Pick<Limits, "sessions" | "sessionsPerIdentity">;

/** What a supervisor tells a worker; each answers when it is done. */
export interface Supervised {
  /**
   * Opens all that a policy needs beside the one that is served; the supervisor has evaluated it
   * elsewhere already. Rejects: nothing has changed. Resolves with the ports it was free to choose.
   */
  prepare(bundle: PolicyBundle, ports: Ports): Promise<Ports>;
  /** What was prepared takes the place of the policy that is served, in one step. */
  commit(): Promise<void>;
  /** What was prepared is not wanted after all. */
  discard(): Promise<void>;
  /** `refused` says why a late or unknown answer does not count. The trail entry is durable when it resolves. */
  settle(hold: string, answer: HoldAnswer): Promise<{ refused?: string }>;
  /** Ids of the holds that this identity may answer. */
  answerable(by: Identity): Promise<readonly string[]>;
  /** Resolves false when there is no such session. */
  endSession(id: string, reason: Reason): Promise<boolean>;
  /** Sessions and holds that it covers end; what it refuses is not accepted any more. Resolves when they were told. */
  endAccess(ending: Ending): Promise<void>;
  /** An ending that blocked new proofs is lifted. */
  liftEnding(ending: Ending): Promise<void>;
  /** All grants that are open now; rules with `grant` count by these alone. */
  useGrants(grants: readonly Grant[]): Promise<void>;
  /** What a worker handed to `deliver`. */
  delivered(protocol: string, message: Uint8Array): Promise<void>;
  /** Prometheus metrics of this process, as prom-client's getMetricsAsJSON gives them. */
  metrics(): Promise<unknown>;
  /** Stops listening, ends sessions after `graceMs`, closes the trail. */
  stop(graceMs: number): Promise<void>;
}

/** Where a policy leaves the port open (0): what was chosen, by listener, so that all workers share it. */
export type Ports = Readonly<Record<string, number>>;

/** A policy file and all it imports, bundled to one CommonJS text. */
export interface PolicyBundle {
  /** First 12 hex digits of the code's SHA-256. */
  readonly version: string;
  readonly code: string;
  /** The policy file and every file it imports, absolute; the policy file first. */
  readonly files: readonly string[];
  /** The code's source map (JSON), so that errors name the file and line that the operator wrote. */
  readonly map?: string;
}

export interface SessionInfo {
  readonly id: string;
  readonly identity: Identity;
  readonly resource: string;
  readonly protocol: string;
  readonly remote: string;
  readonly application?: string;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  readonly policyVersion: string;
}

export interface HoldInfo {
  readonly id: string;
  readonly session: string;
  readonly identity: Identity;
  readonly resource: string;
  readonly text: string;
  readonly actions: readonly Action[];
  readonly parameters?: readonly (string | null)[];
  /** Of the parameters, as far as the protocol knows them; "" where it does not. */
  readonly types?: readonly string[];
  /** How many operations of one batch this is the first of. */
  readonly batch?: number;
  /** The others of the batch, in order. */
  readonly rest?: readonly HeldStatement[];
  readonly inTransaction: boolean;
  /** Who may approve, as policy reads. */
  readonly by: string;
  /** How many of them must, each another person. */
  readonly approvers: 1 | 2;
  /** Those who have. */
  readonly approved: readonly Identity[];
  readonly message?: string;
  /** What was found out about it on the resource when it was held. */
  readonly findings?: readonly Finding[];
  readonly openedAt: number;
  readonly expires: number;
  /**
   * What an approval binds to: SHA-256 over identity, resource, and of each operation text, actions, parameters and their
   * types, with what they mean on the resource (`Examination.meaning`).
   */
  readonly digest: string;
}

export interface HeldStatement {
  readonly text: string;
  readonly parameters?: readonly (string | null)[];
  readonly types?: readonly string[];
}

export interface HoldAnswer {
  readonly approve: boolean;
  /** Verified by the supervisor; the worker checks again that the rule allows this person. */
  readonly by: Identity;
  readonly because?: string;
  /** The digest the approver was shown; another one is refused. */
  readonly digest?: string;
}

export interface IssuedCredential {
  readonly id: string;
  readonly identity: Identity;
  readonly verifier: ScramVerifier;
  /** Epoch milliseconds. */
  readonly expires: number;
  /** Good for one session: the first good proof uses it up. */
  readonly once?: boolean;
  /** Good from addresses of this block alone: `10.2.0.0/16`. */
  readonly from?: string;
  /** The grant that it was issued under; its end is the credential's. */
  readonly grant?: string;
}
