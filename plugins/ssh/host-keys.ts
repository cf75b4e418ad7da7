import { createPrivateKey, sign } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { signingKey } from "../../core/plugin.ts";
import { opensshKey, publicBlob } from "./keys/openssh-key.ts";
import { fingerprint } from "./keys/public-key.ts";
import { string } from "./message.ts";

/** What callers know the gateway by. */
export interface HostKey {
  /** OpenSSH's form, which ssh2 reads. */
  readonly private: string;
  /** SSH's wire form (RFC 8709, 4). */
  readonly public: Buffer;
  readonly fingerprint: string;
  sign(data: Buffer): Buffer;
}

export interface HostKeys {
  readonly current: HostKey;
  /** Offered beside it, so that clients know it when it takes its place. */
  readonly next: HostKey;
}

const known = new Map<string, Promise<HostKeys>>();

/**
 * The gateway's Ed25519 host keys, `ssh/host.key` and `ssh/next.key` in the data folder: made once, the same in all
 * workers. To rotate them the operator moves the next one over the other and starts the gateway again.
 * Throws PosternError `identity.key-exposed`.
 */
export function hostKeys(dataDir: string): Promise<HostKeys> {
  const keys = known.get(dataDir) ?? open(join(dataDir, "ssh"));
  known.set(dataDir, keys);
  // A file that was wrong may be mended.
  keys.catch(() => known.delete(dataDir));
  return keys;
}

/** The fingerprints, for people to compare. The gateway makes the keys when it first needs them, and nobody else does. */
export async function knownBy(dataDir: string): Promise<readonly string[]> {
  const folder = join(dataDir, "ssh");
  if (!existsSync(join(folder, "host.key"))) {
    return ["none yet: the gateway makes it for the first that connects, so also for ssh-keyscan"];
  }
  if (!existsSync(join(folder, "next.key"))) {
    const current = hostKey(await signingKey(folder, "host.key"));
    return [`${current.fingerprint} (ED25519), once the gateway is started again`];
  }
  const { current, next } = await open(folder);
  return [
    `${current.fingerprint} (ED25519)`,
    `${next.fingerprint} (ED25519), the next one, offered beside it`,
  ];
}

async function open(folder: string): Promise<HostKeys> {
  const [current, next] = await Promise.all([signingKey(folder, "host.key"), signingKey(folder, "next.key")]);
  return { current: hostKey(current), next: hostKey(next) };
}

function hostKey(pem: string): HostKey {
  const key = createPrivateKey(pem);
  const blob = publicBlob(key);
  return {
    private: opensshKey(key),
    public: blob,
    fingerprint: fingerprint(blob),
    sign: (data) => Buffer.concat([string("ssh-ed25519"), string(sign(null, data, key))]),
  };
}
