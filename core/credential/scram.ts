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
 * The salt of what is issued under this id. An id is used once, so no two salts are the same; and an id that is
 * unknown, has ended or lies on another gateway shows the same salt as one that is good, at any time and door.
 */
export function saltOf(id: string): Buffer {
  return createHash("sha256").update(`postern credential ${id}`).digest().subarray(0, saltBytes);
}

/** A verifier that no password fits, for an id that is not good: nothing that the caller sees tells it apart. */
export function decoyVerifier(id: string): ScramVerifier {
  return {
    ...{ iterations: scramIterations, salt: saltOf(id) },
    ...{ storedKey: randomBytes(32), serverKey: randomBytes(32) },
  };
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
