import {
  type CredentialRequest,
  type CredentialSource,
  type Duration,
  milliseconds,
  onlyKnown,
  PosternError,
  type ResourceCredential,
  type Secret,
} from "../../../core/plugin.ts";
import { Renewed } from "../../http/kit.ts";
import type { KubernetesConfig } from "../config.ts";
import { bind, unbind } from "./binding.ts";
import { ClusterAdmin } from "./cluster.ts";
import { type Account, accountOf, newSecretName } from "./name.ts";
import { sweep } from "./sweep.ts";
import { requestToken, shortest } from "./token.ts";

export interface ServiceAccountTokenOptions {
  /** The service account of sessions whose rules name none with `as`: `deploy`, or `prod/deploy`. */
  readonly serviceAccount?: string;
  /** Of service accounts that are named without one. */
  readonly namespace?: string;
  /** Bearer token that may make and remove the Secrets that tokens are bound to, and ask for tokens. */
  readonly admin: Secret;
  /** Whom the tokens are for. Default: the API server. */
  readonly audience?: string;
  /** How long one token lives before it is made anew: 10m at least. Default 1h. */
  readonly ttl?: Duration;
  /** How long a session may last that neither its rules nor its token bound. Default 12h. */
  readonly longest?: Duration;
}

/** The id of what the gateway itself logs in with, where sessions have tokens of their own. */
export const tokenMaker = "token maker";

/**
 * A token of a service account for each session alone, which ends with it.
 *
 *     kubernetes({ url, ca, credential: serviceAccountToken({ serviceAccount: "prod/deploy", admin: env("ADMIN_TOKEN") }) })
 *
 * Throws PosternError `resource.config`, `policy.option`, `kubernetes.account`.
 */
export function serviceAccountToken(options: ServiceAccountTokenOptions): CredentialSource<KubernetesConfig> {
  onlyKnown<ServiceAccountTokenOptions>("serviceAccountToken", options, {
    serviceAccount: true,
    namespace: true,
    admin: true,
    audience: true,
    ttl: true,
    longest: true,
  });
  const { serviceAccount, namespace, admin, audience, ttl = "1h", longest = "12h" } = options;
  const life = milliseconds(ttl);
  if (life < shortest * 1000) {
    throw new PosternError(
      "resource.config",
      `serviceAccountToken({ ttl: "${ttl}" }): clusters give none for less than 10m.`,
      {
        hint: "Its session's end is its end, too, however long it could live: leave ttl out.",
      },
    );
  }
  const usual = serviceAccount === undefined ? undefined : accountOf(serviceAccount, namespace);
  const longestMs = milliseconds(longest);
  return {
    label: `service account token by ${admin.label}`,
    ...(usual === undefined ? {} : { as: `${usual.namespace}/${usual.name}` }),
    async issue(request) {
      if (request.purpose === "control") return { value: await admin.read(), id: tokenMaker };
      if (request.as === undefined) throw noAccount();
      const account = accountOf(request.as, namespace);
      return await tokenFor(request, account, { admin, audience, life, longest: longestMs });
    },
    sweep: (leases, config) => sweep(leases, new ClusterAdmin(config, admin)),
  };
}

interface Terms {
  readonly admin: Secret;
  readonly audience: string | undefined;
  /** Milliseconds. */
  readonly life: number;
  readonly longest: number;
}

async function tokenFor(
  request: CredentialRequest<KubernetesConfig>,
  account: Account,
  { admin, audience, life, longest }: Terms,
): Promise<ResourceCredential> {
  const until = request.until ?? Date.now() + longest;
  const secret = { namespace: account.namespace, name: newSecretName() };
  const lease = await request.lease(`${secret.namespace}/${secret.name}`, until);
  const cluster = new ClusterAdmin(request.config, admin);
  const unmake = async () => {
    await unbind(cluster, lease);
    lease.released();
  };
  try {
    const binding = await bind(cluster, secret, lease, printable(request.label)).catch((error) => {
      if (error instanceof PosternError && error.code === "kubernetes.admin") lease.released();
      throw error;
    });
    const seconds = () => Math.min(life, until - Date.now()) / 1000;
    const ask = () => requestToken(cluster, { account, binding, audience, seconds: seconds() });
    const token = new Renewed(ask);
    const value = await token.current().catch(async (error) => {
      // The sweep removes it where this fails as well.
      await unmake().catch(() => {});
      throw error;
    });
    return {
      value,
      id: secret.name,
      runsAs: `system:serviceaccount:${account.namespace}:${account.name}`,
      as: `${account.namespace}/${account.name}`,
      current: () => token.current(),
      close: () => unmake().finally(() => cluster.close()),
    };
  } catch (error) {
    cluster.close();
    throw error;
  }
}

function noAccount(): PosternError {
  return new PosternError("kubernetes.account", "No rule says which service account this session runs as.", {
    hint: 'Whoever keeps the policy writes `as: "NAMESPACE/NAME"` in a rule, or serviceAccountToken({ serviceAccount: "…" }).',
  });
}

function printable(text: string): string {
  return text.replace(/\p{C}/gu, "?").slice(0, 500);
}
