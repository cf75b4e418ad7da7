import { generateKeyPairSync } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface SigningKey {
  /** Path of the private key (PKCS8 PEM, mode 0600). */
  readonly path: string;
  readonly pem: string;
}

/**
 * The Ed25519 key that signs the trail's checkpoints, made at the first start. The public half
 * (`checkpoint.pub`, SPKI PEM) is all that `postern audit verify` needs; keep a copy elsewhere.
 */
export function signingKey(dataDir: string): SigningKey {
  const folder = join(dataDir, "trail", "keys");
  const path = join(folder, "checkpoint.key");
  if (!existsSync(path)) make(folder, path);
  return { path, pem: readFileSync(path, "utf8") };
}

function make(folder: string, path: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  // Whole or not at all: the public half first, the private one under its name last.
  writeFileSync(join(folder, "checkpoint.pub"), publicKey, { mode: 0o600, flush: true });
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, privateKey, { mode: 0o600, flush: true });
  linkSync(fresh, path);
  rmSync(fresh);
}
