import type { Authority } from "./authorities.ts";
import { unusable } from "./watched.ts";
import { type X509Certificate, X509Crl } from "./x509.ts";

/** Every list of a PEM text (RFC 5280, 5). Throws PosternError `mtls.files`. */
export function listsIn(path: string, text: string): X509Crl[] {
  const blocks = text.match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g) ?? [];
  if (blocks.length === 0) throw unusable(path, "it holds no revocation list");
  return blocks.map((pem) => new X509Crl(pem));
}

/** Why a certificate of this authority is not believed; undefined: a current list of the authority does not name it. */
export async function revocation(
  certificate: X509Certificate,
  { parsed: authority }: Authority,
  lists: readonly X509Crl[],
  now: number,
): Promise<string | undefined> {
  let current = false;
  for (const list of lists) {
    if (list.issuer !== authority.subject) continue;
    if (!(await list.verify({ publicKey: authority }).catch(() => false))) continue;
    if (list.extensions.some(({ critical }) => critical)) continue;
    if (list.findRevoked(certificate.serialNumber)) return "it was revoked by its authority";
    current ||= list.thisUpdate.getTime() <= now && now < (list.nextUpdate?.getTime() ?? 0);
  }
  return current ? undefined : "there is no current revocation list of its authority";
}
