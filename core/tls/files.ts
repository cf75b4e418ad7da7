import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { PosternError } from "../error.ts";

/** A certificate with its chain, and its key: paths of PEM files. A relative path begins where the gateway was started. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface ContextFiles extends Partial<KeyPair> {
  /** Path of a PEM file: what the other side's certificate must lead to. */
  readonly ca?: string;
}

/** What the TLS library makes of certificates and key; it is only passed on. */
export type SecureContext = unknown;

/**
 * Reads certificates and key into a context for connections of TLS 1.2 and 1.3. No session tickets: each
 * connection shows and verifies its certificates anew. Throws PosternError `tls.files`.
 */
export function readContext(files: ContextFiles, requestCert = false): SecureContext {
  const { cert, key, ca } = files;
  const options = {
    ...(cert === undefined || key === undefined ? {} : pair({ cert, key })),
    ...(ca === undefined ? {} : { ca: authorities(ca) }),
    requestCert,
    minVersion: "TLSv1.2" as const,
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  try {
    return createSecureContext(options).context;
  } catch (error) {
    throw unusable(cert ?? ca ?? "", "the TLS library refuses it", error);
  }
}

/** A key that does not belong to its certificate would only show at each handshake. */
function pair({ cert, key }: KeyPair): { cert: Buffer; key: Buffer } {
  const read = { cert: pem(cert), key: pem(key) };
  const certificate = parsed(cert, "certificate", () => new X509Certificate(read.cert));
  const own = parsed(key, "private key without a passphrase", () => createPrivateKey(read.key));
  if (!certificate.checkPrivateKey(own)) throw unusable(key, `it is not the key of ${cert}`);
  return read;
}

function authorities(ca: string): Buffer {
  const read = pem(ca);
  parsed(ca, "certificate", () => new X509Certificate(read));
  return read;
}

function pem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw unusable(path, `it cannot be read (${why})`);
  }
}

/** What a parser says of a key's text is not passed on. */
function parsed<T>(path: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw unusable(path, `it holds no ${what} in PEM form`);
  }
}

function unusable(path: string, why: string, cause?: unknown): PosternError {
  return new PosternError("tls.files", `${path} cannot be used for TLS: ${why}.`, {
    hint: "Certificate, chain and key are PEM files that the gateway's user can read; `postern certs` makes some to try.",
    ...(cause === undefined ? {} : { cause }),
  });
}
