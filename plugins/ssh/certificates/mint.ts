import { createPrivateKey, type KeyObject, randomBytes, sign } from "node:crypto";
import type { ParsedKey } from "ssh2";
import { PosternError } from "../../../core/plugin.ts";
import { string, uint32 } from "../message.ts";

/** What a certificate of a session says (OpenSSH's PROTOCOL.certkeys). */
export interface UserCertificate {
  /** The 32 bytes of the ed25519 key that it is for. */
  readonly publicKey: Uint8Array;
  readonly serial: bigint;
  /** What the host's log names: printable. */
  readonly keyId: string;
  /** Logins that it is good for. */
  readonly principals: readonly string[];
  /** Epoch seconds. */
  readonly from: number;
  readonly until: number;
  /** Addresses that it may be shown from, `10.0.0.5/32,fd00::/8`. */
  readonly sourceAddress?: string;
  /** `permit-pty` and its like. */
  readonly extensions: readonly string[];
}

const kind = "ssh-ed25519-cert-v01@openssh.com";
const userCertificate = 1;

/** One line, as in `id_ed25519-cert.pub`. */
export function mint(certificate: UserCertificate, authority: ParsedKey): string {
  const { publicKey, serial, keyId, principals, from, until, sourceAddress, extensions } = certificate;
  const critical =
    sourceAddress === undefined ? [] : [string("source-address"), string(string(sourceAddress))];
  const body = Buffer.concat([
    string(kind),
    string(randomBytes(32)),
    string(publicKey),
    uint64(serial),
    uint32(userCertificate),
    string(keyId),
    string(Buffer.concat(principals.map(string))),
    uint64(BigInt(from)),
    uint64(BigInt(until)),
    string(Buffer.concat(critical)),
    string(Buffer.concat([...new Set(extensions)].sort().flatMap((name) => [string(name), string("")]))),
    string(""),
    string(authority.getPublicSSH()),
  ]);
  const signed = Buffer.concat([body, string(signature(authority, body))]);
  return `${kind} ${signed.toString("base64")}`;
}

/** RFC 8709, 6; RFC 8332, 3; RFC 5656, 3.1.2. */
function signature(authority: ParsedKey, body: Buffer): Buffer {
  const key = createPrivateKey(authority.getPrivatePEM());
  switch (authority.type) {
    case "ssh-ed25519":
      return Buffer.concat([string(authority.type), string(sign(null, body, key))]);
    case "ssh-rsa":
      return Buffer.concat([string("rsa-sha2-512"), string(sign("sha512", body, key))]);
    case "ecdsa-sha2-nistp256":
      return ecdsa(authority.type, "sha256", body, key);
    case "ecdsa-sha2-nistp384":
      return ecdsa(authority.type, "sha384", body, key);
    case "ecdsa-sha2-nistp521":
      return ecdsa(authority.type, "sha512", body, key);
    default:
      throw new PosternError("ssh.key", "The key of the authority is of a kind that signs no certificates.", {
        hint: 'Make one: ssh-keygen -t ed25519 -f postern-ca -C "Postern".',
      });
  }
}

function ecdsa(type: string, hash: string, body: Buffer, key: KeyObject): Buffer {
  const both = sign(hash, body, { key, dsaEncoding: "ieee-p1363" });
  const half = both.length / 2;
  const parts = Buffer.concat([mpint(both.subarray(0, half)), mpint(both.subarray(half))]);
  return Buffer.concat([string(type), string(parts)]);
}

/** RFC 4251, 5: a positive number, without zeros before it but one where the highest bit is set. */
function mpint(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const number = bytes.subarray(first < 0 ? bytes.length : first);
  return string((number[0] ?? 0) < 128 ? number : Buffer.concat([Buffer.from([0]), number]));
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
