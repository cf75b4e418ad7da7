import {
  type CredentialSource,
  channelReplay,
  onlyKnown,
  type RequestProtocol,
  type Resource,
  type Secret,
} from "../../core/plugin.ts";
import { checkTarget, webProtocol } from "../http/kit.ts";
import { client } from "./client.ts";
import type { KubernetesConfig } from "./config.ts";
import { impersonator } from "./credentials/impersonator.ts";
import { dialect, type Emits } from "./dialect.ts";
import { examine } from "./examine.ts";
import { classifyText } from "./explain.ts";

export interface KubernetesOptions extends KubernetesConfig {
  /** A bearer token, or a source that makes one for each session. */
  readonly credential?: Secret | CredentialSource<KubernetesConfig>;
}

const protocol: RequestProtocol<KubernetesConfig, Emits, "kubernetes"> = {
  name: "kubernetes",
  emits: dialect.emits as readonly Emits[],
  ...webProtocol<KubernetesConfig, Emits, "kubernetes">(dialect),
  classify: async (text) => classifyText(text),
  replay: channelReplay,
  client,
  examine,
};

/**
 * A Kubernetes cluster.
 *
 *     prod: kubernetes({ url: "https://k8s.internal:6443", ca: "k8s-ca.crt", credential: env("PROD_TOKEN") })
 *
 * Throws PosternError `resource.config`, `policy.option`.
 */
export function kubernetes(options: KubernetesOptions): Resource<KubernetesConfig, Emits, "kubernetes"> {
  onlyKnown<KubernetesOptions>("kubernetes", options, {
    url: true,
    hosts: true,
    tls: true,
    ca: true,
    cert: true,
    key: true,
    serverName: true,
    opaque: true,
    impersonate: true,
    credential: true,
  });
  const { credential, ...config } = options;
  checkTarget(config);
  const login = config.impersonate ? impersonator(credential) : credential;
  return { protocol, config, ...(login ? { credential: login } : {}) };
}

export type { Impersonation, KubernetesConfig } from "./config.ts";
export { type ServiceAccountTokenOptions, serviceAccountToken } from "./credentials/index.ts";
export { maskSecrets, type SecretsOptions } from "./secrets/index.ts";
