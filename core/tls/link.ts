import { createHash, type X509Certificate } from "node:crypto";

/** By certificate, which callers of a listener have in common. */
const endPoints = new WeakMap<X509Certificate, Buffer | undefined>();

/** What a TLS handshake agreed on. */
export class TlsLink {
  constructor(
    /** The name the client asked for (SNI); undefined: none. */
    readonly serverName: string | undefined,
    /** The protocol that both agreed on (ALPN); undefined: the client offered none. */
    readonly alpn: string | undefined,
    /** The other side's certificate, verified as the policy asks; undefined: it showed none. */
    readonly peer: X509Certificate | undefined,
    /** The server's certificate: our own where we are the server. */
    readonly server: X509Certificate | undefined,
  ) {}

  /** What SCRAM binds a login to this connection with; undefined: not defined for this certificate. */
  get endPoint(): Buffer | undefined {
    const { server } = this;
    if (server && !endPoints.has(server)) endPoints.set(server, endPoint(server));
    return server && endPoints.get(server);
  }
}

/**
 * The channel binding `tls-server-end-point` (RFC 5929, 4.1): the certificate's hash, by the hash of its
 * signature, SHA-256 where that is weaker. A signature without one (Ed25519, RSA-PSS) has no binding.
 */
export function endPoint(certificate: X509Certificate): Buffer | undefined {
  const hash = hashes[certificate.signatureAlgorithmOid ?? ""];
  return hash === undefined ? undefined : createHash(hash).update(certificate.raw).digest();
}

/** Signature algorithms (RFC 8017, A.2.4; RFC 5758) by object identifier. */
const hashes: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.4": "sha256",
  "1.2.840.113549.1.1.5": "sha256",
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.1": "sha256",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
};
