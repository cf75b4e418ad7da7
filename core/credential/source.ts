import type { Identity } from "../identity.ts";
import type { Secret } from "../secret.ts";

/**
 * How the gateway logs in to a resource: a secret that it holds (`Secret`), or one that is made for each
 * session alone and unmade at its end: a database role, an SSH certificate, a Kubernetes token, an OAuth token.
 */
export interface CredentialSource<Config = unknown> {
  /** For the trail: `session role by env ORDERS_ADMIN`. Never a secret. */
  readonly label: string;
  /** The resource's own role of sessions whose rules name none. */
  readonly as?: string;
  /** The same for those that may only read, where it is another. */
  readonly readOnlyAs?: string;
  /** Makes the credential of one connection to the resource. Throws PosternError `credential.*`, `resource.*`. */
  issue(request: CredentialRequest<Config>): Promise<ResourceCredential>;
  /**
   * Removes what leases that nobody holds any more stand for, and nothing else. Resolves with the ids of those
   * that are gone for certain; the rest is asked for again later. Runs in the supervisor.
   */
  sweep?(leases: readonly Lease[], config: Config): Promise<readonly string[]>;
}

export interface CredentialRequest<Config = unknown> {
  readonly config: Config;
  /** `control`: a connection of the gateway's own (catalogue, cancel), which has no person behind it. */
  readonly purpose: "session" | "control";
  readonly session: string;
  readonly identity: Identity;
  /** What the resource's own logs may show: `alice via postern ses_…`. */
  readonly label: string;
  /** The resource's own role that the policy maps this session to (`as` of its rule); absent: none is named. */
  readonly as?: string;
  /** Whom the protocol is about to log in as, where the caller has a choice (SSH). */
  readonly login?: string;
  /** Epoch milliseconds after which the session will not live; absent: open end. */
  readonly until?: number;
  /** Aborted when nobody waits for the connection any more. */
  readonly signal?: AbortSignal;
  /**
   * To call before anything is made on the resource that must not outlive the session. Safe in the store when
   * it resolves: whoever comes after a crash finds it there.
   */
  lease(what: string, until: number): Promise<HeldLease>;
}

export interface ResourceCredential {
  /** What the protocol logs in with: a password, a URL, a key. */
  readonly value: string;
  /** For the trail: the name of the role, the certificate's serial. Not a secret. */
  readonly id?: string;
  /** What the resource calls whoever logs in with it, where it is one made for the session. */
  readonly runsAs?: string;
  /** The resource's own role that it acts as from then on. */
  readonly as?: string;
  /**
   * What to log in with now, for protocols that show it again and again: renewed before it ends (an OAuth token). Absent:
   * `value`, as long as the session lasts. Rejects as `issue` does.
   */
  current?(): Promise<string>;
  /** Unmakes it; called once, after the session's connection is closed. Rejects: the sweep will do it. */
  close?(): Promise<void>;
}

/** Something on a resource that must not outlive its session, as the store has it. */
export interface Lease {
  /** `lease_…`. */
  readonly id: string;
  readonly resource: string;
  readonly session: string;
  /** Which gateway of those that share the store, and which of its workers. */
  readonly gateway: string;
  readonly worker: number;
  /** The plugin's own name for it: the role. */
  readonly what: string;
  readonly madeAt: number;
  /** Epoch milliseconds after which it stands for nothing, whoever holds it. */
  readonly until: number;
}

/** A lease in the hands of the session that it was made for. */
export interface HeldLease extends Omit<Lease, "worker"> {
  /** What it stood for is unmade. */
  released(): void;
}

/** What a worker knows of a lease; the supervisor adds whose it is. */
export type NewLease = Omit<Lease, "gateway" | "worker">;

export function isSource(credential: Secret | CredentialSource): credential is CredentialSource {
  return "issue" in credential;
}
