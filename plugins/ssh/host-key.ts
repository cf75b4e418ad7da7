import { type ServerHostKeyAlgorithm, utils } from "ssh2";
import { PosternError } from "../../core/plugin.ts";
import { Fields } from "./keys/fields.ts";

/** The keys that a host may show, in SSH's wire form. */
export class HostKeySet {
  /** What to ask the host for: another kind of key it has would be a stranger's. */
  readonly algorithms: ServerHostKeyAlgorithm[];

  constructor(readonly keys: readonly Buffer[]) {
    this.algorithms = [...new Set(keys.flatMap((key) => algorithmsOf(new Fields(key).text())))];
  }

  has(key: Buffer): boolean {
    return this.keys.some((each) => each.equals(key));
  }
}

/** Of an OpenSSH public key, `ssh-ed25519 AAAA…`. Throws PosternError `resource.config`. */
export function publicKeyBlob(line: string): Buffer {
  const key = utils.parseKey(line.trim());
  if (!(key instanceof Error) && algorithmsOf(key.type).length > 0) return key.getPublicSSH();
  throw new PosternError("resource.config", "A host key in the policy is no public key that can be used.", {
    hint: 'It begins with "ssh-ed25519 AAAA", "ecdsa-sha2-nistp256 AAAA" or "ssh-rsa AAAA".',
  });
}

/** A key's kind and the signatures that are made with it (RFC 8332: never SHA-1). */
function algorithmsOf(type: string): ServerHostKeyAlgorithm[] {
  switch (type) {
    case "ssh-rsa":
      return ["rsa-sha2-512", "rsa-sha2-256"];
    case "ssh-ed25519":
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521":
      return [type];
    default:
      return [];
  }
}
