import {
  type ConnectionProtocol,
  type CredentialSource,
  channelReplay,
  onlyKnown,
  type Resource,
  type Secret,
} from "../../core/plugin.ts";
import { accept } from "./accept.ts";
import { client } from "./client.ts";
import { checkConfig, type SshConfig } from "./config.ts";
import { dial } from "./dial.ts";
import { classifyText } from "./explain.ts";
import { knownBy } from "./host-keys.ts";
import { refuse } from "./refuse.ts";
import { relay } from "./relay/relay.ts";

type Emits = "operation" | "stream" | "text" | "wire";

const protocol: ConnectionProtocol<SshConfig, Emits, "ssh"> = {
  name: "ssh",
  emits: ["operation", "stream", "text", "wire"],
  encrypts: true,
  asksPeople: true,
  accept,
  dial,
  relay,
  refuse,
  knownBy,
  client,
  classify: async (text, { shell = "sh" }) => classifyText(text, shell),
  replay: channelReplay,
};

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
  return { protocol, config, ...(credential ? { credential } : {}) };
}

export { type SshCertificatesOptions, sshCertificates } from "./certificates/index.ts";
export type { SshConfig } from "./config.ts";
export { type SshCaOptions, sshCa } from "./keys/ssh-ca.ts";
export { type KeyHolder, sshKeys } from "./keys/ssh-keys.ts";
