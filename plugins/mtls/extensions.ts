import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type X509Certificate,
} from "./x509.ts";

/** Those that are looked at, and certificate policies, of which any will do (RFC 5280, 4.2). */
const understood = ["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37", "2.5.29.32"];
const nameConstraints = "2.5.29.30";
const anyUsage = "2.5.29.37.0";

/** Why nobody's certificate is believed by this authority; undefined: it may sign them (RFC 5280, 4.2.1). */
export function authorityFlaw(certificate: X509Certificate): string | undefined {
  if (certificate.getExtension(BasicConstraintsExtension)?.ca !== true) return "it is no authority (CA:TRUE)";
  if (!mayDo(certificate, KeyUsageFlags.keyCertSign)) return "its key may not sign certificates";
  if (certificate.getExtension(nameConstraints)) return "its name constraints are not supported";
  return strange(certificate);
}

/** Why this certificate does not stand for a caller; undefined: it may (RFC 5280, 4.2.1). */
export function callerFlaw(certificate: X509Certificate): string | undefined {
  if (certificate.getExtension(BasicConstraintsExtension)?.ca === true) return "it is an authority's own";
  if (!mayDo(certificate, KeyUsageFlags.digitalSignature)) return "its key may not sign a handshake";
  const usages = certificate.getExtension(ExtendedKeyUsageExtension)?.usages;
  const meant = [ExtendedKeyUsage.clientAuth, anyUsage];
  if (usages && !usages.some((usage) => meant.includes(String(usage)))) return "it is not meant for clients";
  return strange(certificate);
}

function mayDo(certificate: X509Certificate, what: KeyUsageFlags): boolean {
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages;
  return usages === undefined || (usages & what) !== 0;
}

/** What holds for both: nothing weak, twice, or unknown and critical. */
function strange({ extensions, signatureAlgorithm }: X509Certificate): string | undefined {
  const hash = signatureAlgorithm.hash?.name;
  if (hash !== undefined && !/^SHA-?(256|384|512)$/.test(hash)) return `its signature is made with ${hash}`;
  const types = extensions.map(({ type }) => type);
  if (new Set(types).size < types.length) return "it has an extension twice";
  const unknown = extensions.find(({ critical, type }) => critical && !understood.includes(type));
  return unknown && `its critical extension ${unknown.type} is not supported`;
}
