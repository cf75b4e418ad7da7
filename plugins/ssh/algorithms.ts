import type { CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from "ssh2";

/**
 * All that is ever offered or taken. Never `diffie-hellman-*`: one exchange blocks the event loop for seconds, and
 * before anybody has said who he is. No CBC, no SHA-1, no MAC over the clear text. Strict key exchange
 * (`kex-strict-*-v00@openssh.com`, against the Terrapin attack) is added by ssh2 on both sides.
 */
const ciphers: CipherAlgorithm[] = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
];
const macs: MacAlgorithm[] = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"];
const curve25519: KexAlgorithm[] = ["curve25519-sha256", "curve25519-sha256@libssh.org"];
const hostKeys: ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/** What callers are offered. */
export const toCallers = {
  kex: curve25519,
  cipher: ciphers,
  hmac: macs,
  compress: ["none" as const],
  serverHostKey: ["ssh-ed25519" as const],
};

/** What hosts are asked for: as much as an old one may need. */
export const toHosts = {
  kex: [...curve25519, "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"] as KexAlgorithm[],
  cipher: ciphers,
  hmac: macs,
  compress: ["none" as const],
  serverHostKey: hostKeys,
};
