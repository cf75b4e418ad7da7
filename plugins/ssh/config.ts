import { oneOf, PosternError, type Secret } from "../../core/plugin.ts";
import { type HostShell, hostShells } from "./command/reading.ts";

/** An SSH server as the policy registers it. */
export interface SshConfig {
  /** A name or an address. */
  readonly host: string;
  /** 22 unless given. */
  readonly port?: number;
  /** Whom the gateway logs in as on the host. */
  readonly user: string;
  /** Whom it may log in as instead, where a caller asks: `ssh root+bastion@gateway`. */
  readonly users?: readonly string[];
  /** The host's public keys, as in known_hosts without the name: `ssh-ed25519 AAAA…`. */
  readonly hostKey?: string | readonly string[];
  /** Public keys of the authorities that sign the host's key: `ssh-ed25519 AAAA…`. */
  readonly hostCa?: string | readonly string[];
  /** Of the private key, where it is encrypted. */
  readonly passphrase?: Secret;
  /** Environment variables that a caller may set; `*` stands for any run of characters: `LC_*`. */
  readonly env?: readonly string[];
  /** What reads commands at the host: `sh` (also bash) unless given. Of any `other` nothing is known. */
  readonly shell?: HostShell;
}

export const defaultEnv: readonly string[] = ["LANG", "LC_*", "TERM"];

/** Throws PosternError `resource.config`. */
export function checkConfig(config: SshConfig): void {
  const { host, port = 22, user, users = [], hostKey = [], hostCa = [], shell = "sh" } = config;
  oneOf("shell", shell, hostShells);
  if (host === "" || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw wrong(`{ host: "${host}", port: ${port} } is no address`, "port is 1 to 65535.");
  }
  for (const name of [user, ...users]) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$/.test(name)) {
      throw wrong(`${JSON.stringify(name)} is no login on ${host}`, "Write the name of a user there.");
    }
  }
  if ([hostKey, hostCa].flat().length === 0) {
    throw wrong(
      `neither hostKey nor hostCa says how ${host} proves that it is that host`,
      `Write what "ssh-keyscan -t ed25519 ${host}" prints after the name, once you have compared it with the host's own.`,
    );
  }
  for (const key of [hostKey, hostCa].flat()) {
    if (/^(ssh|ecdsa|sk)-[a-z0-9@.-]+ AAAA[A-Za-z0-9+/]+={0,2}( .*)?$/.test(key.trim())) continue;
    throw wrong(
      `a host key of ${host} is no public key`,
      'Write the key itself, no file and no name before it: "ssh-ed25519 AAAA…".',
    );
  }
}

function wrong(what: string, hint: string): PosternError {
  return new PosternError("resource.config", `ssh(): ${what}.`, { hint });
}
