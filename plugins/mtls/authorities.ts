import { X509Certificate } from "node:crypto";
import { authorityFlaw } from "./extensions.ts";
import { namesIn } from "./names.ts";
import { unusable } from "./watched.ts";
import { X509Certificate as Parsed } from "./x509.ts";

export interface Authority {
  readonly certificate: X509Certificate;
  readonly parsed: Parsed;
  readonly name: string;
}

/** Every certificate of a PEM text. Throws PosternError `mtls.files` where one is no authority. */
export function authoritiesIn(path: string, text: string): Authority[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw unusable(path, "it holds no certificate");
  return blocks.map((pem) => {
    const certificate = new X509Certificate(pem);
    const parsed = new Parsed(certificate.raw);
    const flaw = authorityFlaw(parsed);
    if (flaw !== undefined) throw unusable(path, `${parsed.subject}: ${flaw}`);
    return { certificate, parsed, name: namesIn(parsed, "cn")[0] ?? parsed.subject };
  });
}

/** Those that signed it themselves; several where an authority was renewed with the same key. */
export function signersOf(certificate: X509Certificate, authorities: readonly Authority[]): Authority[] {
  return authorities.filter(
    ({ certificate: authority }) =>
      certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
  );
}

/** RFC 5280, 4.1.2.5: both ends belong to it. */
export function isCurrent({ notBefore, notAfter }: Parsed, now: number): boolean {
  return notBefore.getTime() <= now && now <= notAfter.getTime();
}
