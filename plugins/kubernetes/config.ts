import type { HttpTarget } from "../http/kit.ts";

/** How the cluster is told whose request it is: its own RBAC then applies to them as well. */
export interface Impersonation {
  /** Stands before the identity's subject and its groups: `"postern:"`. Default: nothing. */
  readonly prefix?: string;
  /** Groups of the identity are passed on. Default: true. */
  readonly groups?: boolean;
  /** The session's id is passed on, for the cluster's audit log (`postern-session` of the user's extra). Default: true. */
  readonly session?: boolean;
}

/** A Kubernetes cluster's API server, or one that speaks for it. */
export interface KubernetesConfig extends HttpTarget {
  /**
   * Requests are the caller's in the cluster, too (`Impersonate-User`), or the user's that `as` of their rule names. The
   * gateway's own login must be allowed to impersonate them.
   */
  readonly impersonate?: true | Impersonation;
}
