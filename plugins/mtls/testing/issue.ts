import type { Pair } from "../../../core/tls/authority.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from "../x509.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const minute = 60_000;

export interface Wanted {
  /** `CN=alice, OU=support`. */
  readonly subject: string;
  readonly alternatives?: JsonGeneralNames;
  /** Milliseconds from now. */
  readonly from?: number;
  readonly until?: number;
  readonly authority?: boolean;
  /** Absent: for clients. */
  readonly use?: "server" | "any" | "nothing said";
  readonly keyUsage?: KeyUsageFlags;
  readonly more?: readonly Extension[];
}

/** A certificate as tests need them, good and bad; without a signer it signs itself. */
export async function issue(wanted: Wanted, signer?: Pair): Promise<Pair> {
  const { subject, alternatives, from = -minute, until = 60 * minute, authority = false } = wanted;
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const usage = authority
    ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign
    : KeyUsageFlags.digitalSignature;
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: signer ? new X509Certificate(signer.cert).subject : subject,
    publicKey: keys.publicKey,
    signingKey: signer ? await keyOf(signer) : keys.privateKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() + from),
    notAfter: new Date(Date.now() + until),
    extensions: [
      new BasicConstraintsExtension(authority, undefined, true),
      new KeyUsagesExtension(wanted.keyUsage ?? usage, true),
      ...usages(wanted),
      ...(alternatives ? [new SubjectAlternativeNameExtension(alternatives)] : []),
      ...(wanted.more ?? []),
    ],
  });
  const bytes = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    cert: certificate.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${bytes.replace(/.{64}(?=.)/g, "$&\n")}\n-----END PRIVATE KEY-----\n`,
  };
}

function usages({ authority, use }: Wanted): Extension[] {
  if (authority || use === "nothing said") return [];
  const meant = use === "server" ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  return [new ExtendedKeyUsageExtension([use === "any" ? "2.5.29.37.0" : meant])];
}

/** A revocation list (PEM) of these certificates. */
export async function revoke(
  authority: Pair,
  certificates: readonly Pair[],
  until = 60 * minute,
): Promise<string> {
  const list = await X509CrlGenerator.create({
    issuer: new X509Certificate(authority.cert).subject,
    thisUpdate: new Date(Date.now() - minute),
    nextUpdate: new Date(Date.now() + until),
    entries: certificates.map(({ cert }) => ({
      serialNumber: new X509Certificate(cert).serialNumber,
      revocationDate: new Date(),
    })),
    signingAlgorithm: algorithm,
    signingKey: await keyOf(authority),
  });
  // As OpenSSL and RFC 7468 write it.
  return list.toString("pem").replaceAll(/(BEGIN|END) CRL/g, "$1 X509 CRL");
}

async function keyOf({ key }: Pair): Promise<CryptoKey> {
  const bytes = Buffer.from(key.replace(/-----[^-]+-----|\s/g, ""), "base64");
  return await crypto.subtle.importKey("pkcs8", bytes, algorithm, false, ["sign"]);
}
