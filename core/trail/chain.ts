import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { Head } from "./entry.ts";

/**
 * The payload of a trail frame: 32 bytes SHA-256(previous hash || body), then the body, an entry as
 * UTF-8 JSON. The hash before the first entry is that of the stream's name, so that no stream can
 * pass for another.
 */
export const hashBytes = 32;

export function genesis(stream: string): Uint8Array {
  return Bun.SHA256.hash(`postern trail\n${stream}`) as Uint8Array;
}

/** Puts its hash before the body of the entry that follows the one whose hash this is, which becomes the new one's. */
export function link(hash: Uint8Array, payload: Uint8Array): void {
  payload.set(hash);
  Bun.SHA256.hash(payload, hash);
  payload.set(hash);
}

/** A checkpoint is due once the oldest unsigned entry is this old (by the entries' own times). */
export const checkpointMs = 1000;

/** What a checkpoint signs with Ed25519. */
function canonical({ stream, seq, hash }: Head): Buffer {
  return Buffer.from(`postern checkpoint\n${stream}\n${seq}\n${hash}\n`);
}

/** Signs heads with a PKCS8 PEM key. Base64. */
export function signer(privateKeyPem: string): (head: Head) => string {
  const key = createPrivateKey(privateKeyPem);
  return (head) => sign(null, canonical(head), key).toString("base64");
}

/** Checks signatures with a SPKI PEM key. */
export function verifier(publicKeyPem: string): (head: Head, signature: string) => boolean {
  const key: KeyObject = createPublicKey(publicKeyPem);
  return (head, signature) => verify(null, canonical(head), key, Buffer.from(signature, "base64"));
}
