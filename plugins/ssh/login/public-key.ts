import type { PublicKeyAuthContext } from "ssh2";
import type { Door, Identity } from "../../../core/plugin.ts";
import { allTerms, type CallerTerms } from "../caller.ts";
import { type Certificate, isCertificate, readCertificate } from "../keys/certificate.ts";
import { readPublicKey, verifies, verifiesBare } from "../keys/public-key.ts";

/** Somebody whose key is known; `proved`: who has signed with it, and with this connection. */
export interface Known {
  readonly identity: Identity;
  readonly terms: CallerTerms;
  readonly proved: boolean;
}

/**
 * Whose key or certificate this is; undefined: nobody's, or of no kind that is taken. Throws as `Door.keyed` does,
 * and for a signature that is wrong.
 */
export async function byPublicKey(
  context: PublicKeyAuthContext,
  remote: string,
  door: Door,
): Promise<Known | undefined> {
  const { data } = context.key;
  const certificate = isCertificate(data) ? certificateIn(data) : undefined;
  if (isCertificate(data) && !certificate) return undefined;
  const identity = await door.keyed({ key: data, user: context.username, remote });
  if (!identity) return undefined;
  const terms = certificate ? termsOf(certificate) : allTerms;
  if (!context.signature) return { identity, terms, proved: false };
  if (!signed(context, certificate)) throw door.refused("the signature of the login is wrong", "key");
  return { identity, terms, proved: true };
}

/** What a certificate does not allow it forbids, whoever made it known here. */
function termsOf({ critical, extensions }: Certificate): CallerTerms {
  const forcedCommand = critical.get("force-command");
  return {
    ...(forcedCommand === undefined ? {} : { forcedCommand }),
    pty: extensions.has("permit-pty"),
    portForwarding: extensions.has("permit-port-forwarding"),
    agentForwarding: extensions.has("permit-agent-forwarding"),
  };
}

function certificateIn(blob: Buffer): Certificate | undefined {
  try {
    return readCertificate(blob);
  } catch {
    return undefined;
  }
}

function signed(context: PublicKeyAuthContext, certificate: Certificate | undefined): boolean {
  const { signature, blob, key, hashAlgo } = context;
  if (!signature || !blob) return false;
  try {
    if (certificate) return verifies(certificate.key, blob, signature);
    return verifiesBare(readPublicKey(key.data), blob, signature, hashAlgo);
  } catch {
    return false;
  }
}
