import "reflect-metadata";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type GeneralNameType,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** PEM texts. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** ECDSA over P-256: the newest that every client takes, and one that logins can be bound to (RFC 5929). */
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

const day = 86_400_000;

/** A certificate authority of one's own, for trying things out (RFC 5280). */
export async function makeAuthority(name: string, days: number): Promise<Pair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: algorithm,
    ...validity(days),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: certificate.toString("pem"), key: await keyText(keys.privateKey) };
}

export interface Request {
  /** Host names and addresses of a server; whom a client's is for. The first is the subject too. */
  readonly names: readonly [string, ...string[]];
  readonly use: "server" | "client";
  readonly days: number;
}

/** A certificate that this authority vouches for. */
export async function issueCertificate(authority: Pair, { names, use, days }: Request): Promise<Pair> {
  const issuer = new X509Certificate(authority.cert);
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const server = use === "server";
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [names[0]] }],
    issuer: issuer.subjectName.toJSON(),
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority.key),
    signingAlgorithm: algorithm,
    ...validity(days),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([server ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
      ...(server
        ? [new SubjectAlternativeNameExtension(names.map((value) => ({ type: typeOf(value), value })))]
        : []),
      await AuthorityKeyIdentifierExtension.create(issuer),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: certificate.toString("pem"), key: await keyText(keys.privateKey) };
}

function typeOf(name: string): GeneralNameType {
  return isIP(name) === 0 ? "dns" : "ip";
}

/** From an hour ago, for clocks that are a little behind. */
function validity(days: number) {
  const now = Date.now();
  return { notBefore: new Date(now - day / 24), notAfter: new Date(now + days * day) };
}

async function keyText(key: CryptoKey): Promise<string> {
  const bytes = Buffer.from(await crypto.subtle.exportKey("pkcs8", key)).toString("base64");
  const lines = bytes.replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}

async function signingKey(pem: string): Promise<CryptoKey> {
  const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  return await crypto.subtle.importKey("pkcs8", bytes, algorithm, false, ["sign"]);
}
