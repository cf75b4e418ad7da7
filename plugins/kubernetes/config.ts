import type { HttpTarget } from "../http/kit.ts";

/** How the cluster is told whose request it is (RBAC of the cluster's own then applies to them as well). */
export interface Impersonation {
  /** Default: the identity's subject. `(none)`: nobody is impersonated. */
  readonly prefix?: string;
  /** Groups of the identity are passed on, with the same prefix. Default: true. */
  readonly groups?: boolean;
}

/** A Kubernetes cluster's API server, or one that speaks for it. */
export interface KubernetesConfig extends HttpTarget {
  /** Requests carry the caller's name and groups (`Impersonate-User`); the gateway's credential must be allowed to. */
  readonly impersonate?: true | Impersonation;
}
