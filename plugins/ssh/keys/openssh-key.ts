import { createPublicKey, type KeyObject, randomBytes } from "node:crypto";
import { string, uint32 } from "../message.ts";

/** An Ed25519 key's public half in SSH's wire form (RFC 8709, 4). Takes either half. */
export function publicBlob(key: KeyObject): Buffer {
  return Buffer.concat([string("ssh-ed25519"), string(numbers(key).x)]);
}

/** An Ed25519 private key as OpenSSH writes it (PROTOCOL.key), not encrypted: the one form that ssh2 reads. */
export function opensshKey(key: KeyObject, comment = ""): string {
  const { x, d } = numbers(key);
  const blob = publicBlob(key);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    ...[check, check, string("ssh-ed25519"), string(x), string(Buffer.concat([d, x])), string(comment)],
  ]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (secret.length % 8)) % 8));
  const file = Buffer.concat([
    ...[Buffer.from("openssh-key-v1\0"), string("none"), string("none"), string(""), uint32(1)],
    ...[string(blob), string(Buffer.concat([secret, padding]))],
  ]);
  const lines = file.toString("base64").match(/.{1,70}/g) ?? [];
  const [begin, end] = ["BEGIN", "END"].map((word) => `-----${word} OPENSSH PRIVATE KEY-----`);
  return [begin, ...lines, end, ""].join("\n");
}

function numbers(key: KeyObject): { readonly x: Buffer; readonly d: Buffer } {
  const { x } = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" });
  const { d } = key.type === "private" ? key.export({ format: "jwk" }) : {};
  return { x: Buffer.from(x ?? "", "base64url"), d: Buffer.from(d ?? "", "base64url") };
}
