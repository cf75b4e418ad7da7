import { type CredentialSource, isSource, PosternError, type Secret } from "../../../core/plugin.ts";
import type { KubernetesConfig } from "../config.ts";

/**
 * The gateway's own login where it impersonates: the same for all sessions, each with the user that its rule names. Without
 * `credential` the gateway shows a client certificate alone. Throws PosternError `resource.config`.
 */
export function impersonator(
  credential: Secret | CredentialSource<KubernetesConfig> | undefined,
): CredentialSource<KubernetesConfig> {
  if (credential && isSource(credential)) {
    throw new PosternError(
      "resource.config",
      "impersonate and a token for each session do not go together.",
      {
        hint: "Leave impersonate out: the token says already whose the session is.",
      },
    );
  }
  return {
    label: `${credential?.label ?? "client certificate"}, impersonating`,
    async issue({ as }) {
      const value = (await credential?.read()) ?? "";
      return { value, ...(as === undefined ? {} : { as, runsAs: as }) };
    },
  };
}
