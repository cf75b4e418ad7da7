import { timingSafeEqual } from "node:crypto";
import type { Identity } from "../identity.ts";
import type { Door } from "../protocol.ts";
import { scramVerifier } from "./scram.ts";

/** `pc_…:password`: a short-lived credential, as `postern credentials issue` prints it. */
const issued = /^(pc_[a-z0-9]+)[:.]([\x20-\x7e]+)$/i;

/** A password is a short-lived credential, or else a token. Throws as `Door.identify` does. */
export async function byPassword(
  password: string,
  door: Pick<Door, "identify" | "verifier" | "refused">,
): Promise<Identity> {
  const [, id, secret] = issued.exec(password) ?? [];
  if (id === undefined || secret === undefined)
    return await door.identify({ kind: "token", token: password });
  const { salt, iterations, storedKey } = await door.verifier(id);
  const shown = await scramVerifier(secret, salt, iterations);
  if (!timingSafeEqual(shown.storedKey, storedKey)) {
    throw door.refused("the password of the issued credential is wrong");
  }
  return await door.identify({ kind: "verified", id });
}
