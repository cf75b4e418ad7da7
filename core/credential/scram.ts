import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { ScramVerifier } from "../identity.ts";

const derive = promisify(pbkdf2);

/** RFC 7677 asks for at least 4096. More would only slow down logins: our passwords cannot be guessed. */
export const scramIterations = 4096;
const saltBytes = 16;

/**
 * The SCRAM-SHA-256 verifier of a password (RFC 5802, 3; RFC 7677). The password must need no SASLprep:
 * printable ASCII, as those that we issue.
 */
export async function scramVerifier(
  password: string,
  salt: Uint8Array = randomBytes(saltBytes),
  iterations = scramIterations,
): Promise<ScramVerifier> {
  const salted = await derive(password, salt, iterations, 32, "sha256");
  const clientKey = hmac(salted, "Client Key");
  return {
    iterations,
    salt,
    storedKey: createHash("sha256").update(clientKey).digest(),
    serverKey: hmac(salted, "Server Key"),
  };
}

/**
 * A verifier that no password fits, for an id that does not exist. The same id gets the same salt each
 * time, as a real one does; without `secret` (random, one a process family) nobody can tell the two apart.
 */
export function decoyVerifier(secret: Uint8Array, id: string): ScramVerifier {
  const part = (name: string) => hmac(secret, JSON.stringify([name, id]));
  return {
    iterations: scramIterations,
    salt: part("salt").subarray(0, saltBytes),
    storedKey: part("stored key"),
    serverKey: part("server key"),
  };
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
