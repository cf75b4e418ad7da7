import { createHash, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { hmac } from "./digest.ts";

const derive = promisify(pbkdf2);

/** What a client needs of a password (RFC 5802, 3). */
export interface ScramKeys {
  /** Under what they are kept. */
  readonly name: string;
  readonly clientKey: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** Accounts in use; passwords that were made for one session come and go. */
const most = 64;
/** The latest in use last. Never beyond this process. */
const kept = new Map<string, ScramKeys>();

/**
 * The keys of a password at a server that salts it so. Deriving them is half of what a login costs, and they stay the same for
 * as long as password and salt do: RFC 5802, 3 lets a client keep them. `salt`: in Base64, as the server sent it.
 */
export async function scramKeys(password: string, salt: string, iterations: number): Promise<ScramKeys> {
  // The password itself is not kept here.
  const name = createHash("sha256").update(`${iterations} ${salt} ${password}`).digest("base64");
  const known = kept.get(name);
  if (known) return known;
  const salted = await derive(password, Buffer.from(salt, "base64"), iterations, 32, "sha256");
  const clientKey = hmac(salted, "Client Key");
  const storedKey = createHash("sha256").update(clientKey).digest();
  return { name, clientKey, storedKey, serverKey: hmac(salted, "Server Key") };
}

/** For a server that has proved that it knows the password: what another one makes up pushes nothing out. */
export function keepKeys(keys: ScramKeys): void {
  kept.delete(keys.name);
  kept.set(keys.name, keys);
  const [oldest] = kept.keys();
  if (kept.size > most && oldest !== undefined) kept.delete(oldest);
}
