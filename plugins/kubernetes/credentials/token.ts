import type { Binding } from "./binding.ts";
import { type ClusterAdmin, notDone } from "./cluster.ts";
import type { Account } from "./name.ts";

/** Seconds: the API server gives no token for less. */
export const shortest = 600;

export interface TokenWish {
  readonly account: Account;
  /** In the same namespace. */
  readonly binding: Binding;
  readonly audience: string | undefined;
  /** From now. */
  readonly seconds: number;
}

/**
 * A token of this service account that is good while the Secret is there (authentication.k8s.io/v1, TokenRequest).
 * `expires`: by the gateway's own clock, whatever the cluster's says. Throws PosternError `kubernetes.admin`, `resource.*`.
 */
export async function requestToken(
  cluster: ClusterAdmin,
  { account, binding, audience, seconds }: TokenWish,
): Promise<{ readonly value: string; readonly made: number; readonly expires: number }> {
  const { namespace, name } = account;
  const made = Date.now();
  const said = await cluster.ask("POST", `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: {
      ...(audience === undefined ? {} : { audiences: [audience] }),
      expirationSeconds: Math.max(shortest, Math.floor(seconds)),
      boundObjectRef: { apiVersion: "v1", kind: "Secret", name: binding.name, uid: binding.uid },
    },
  });
  const { status, spec } = said.object as {
    readonly status?: { readonly token?: unknown };
    readonly spec?: { readonly expirationSeconds?: unknown };
  };
  const token = status?.token;
  const granted = spec?.expirationSeconds;
  if (said.status >= 300 || typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))
    throw notDone(`ask for tokens of ${namespace}/${name}`, said);
  const life = typeof granted === "number" && granted > 0 ? granted : seconds;
  return { value: token, made, expires: made + life * 1000 };
}
