import { type CredentialSource, onlyKnown, type Resource, type Secret } from "../../core/plugin.ts";
import { checkConfig, type SshConfig } from "./config.ts";
import type { Emits } from "./protocol.ts";

export interface SshOptions extends SshConfig {
  /** A private key (OpenSSH's or PEM form), or a source that makes a certificate for each session. */
  readonly credential?: Secret | CredentialSource<SshConfig>;
}

/**
 * An SSH server. Callers name it as the user before the host: `ssh bastion@gateway`.
 *
 *     bastion: ssh({
 *       host: "bastion.internal", user: "ops", hostKey: "ssh-ed25519 AAAA…", credential: env("BASTION_KEY"),
 *     })
 *
 * Throws PosternError `resource.config`, `policy.option`.
 */
export function ssh(options: SshOptions): Resource<SshConfig, Emits, "ssh"> {
  onlyKnown<SshOptions>("ssh", options, {
    host: true,
    port: true,
    user: true,
    users: true,
    hostKey: true,
    hostCa: true,
    passphrase: true,
    env: true,
    shell: true,
    credential: true,
  });
  const { credential, ...config } = options;
  checkConfig(config);
  // Only a policy with such a resource has to load what carries it.
  const { protocol } = require("./protocol.ts") as typeof import("./protocol.ts");
  return { protocol, config, ...(credential ? { credential } : {}) };
}

export { type SshCertificatesOptions, sshCertificates } from "./certificates/index.ts";
export type { SshConfig } from "./config.ts";
export { type SshCaOptions, sshCa } from "./keys/ssh-ca.ts";
export { type KeyHolder, sshKeys } from "./keys/ssh-keys.ts";
