import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isLoopback, NotAccepted, onlyKnown, PosternError } from "../../core/plugin.ts";

/** Where the identity provider is, and with what it signs. */
export type IdentityProviderOptions = MetadataFile | SaidOutright;

interface MetadataFile {
  /** Path of an EntityDescriptor. */
  readonly metadata: string;
}

interface SaidOutright {
  readonly entityId: string;
  /** Where the browser is sent (HTTP-Redirect binding). */
  readonly entryPoint: string;
  /** Where the browser goes back to once it was signed out here (HTTP-Redirect binding). */
  readonly logoutUrl?: string;
  /** Paths of its signing certificates, PEM; of several, any: for the time in which it changes them. */
  readonly certificates: readonly [string, ...string[]];
}

export interface IdentityProviderTerms {
  readonly entityId: string;
  readonly entryPoint: string;
  readonly logoutUrl?: string;
  /** PEM. */
  readonly certificates: readonly string[];
}

/** Throws PosternError `policy.option`. */
export function checkOptions(idp: IdentityProviderOptions): void {
  if ("metadata" in idp) onlyKnown<MetadataFile>("saml idp", idp, { metadata: true });
  else
    onlyKnown<SaidOutright>("saml idp", idp, {
      entityId: true,
      entryPoint: true,
      logoutUrl: true,
      certificates: true,
    });
}

/** Throws PosternError `saml.identity-provider`. */
export async function identityProviderTerms(
  options: IdentityProviderOptions,
): Promise<IdentityProviderTerms> {
  const terms =
    "metadata" in options
      ? await fromMetadata(options.metadata)
      : { ...options, certificates: await Promise.all(options.certificates.map(readText)) };
  checkAddress("entry point", terms.entryPoint);
  if (terms.logoutUrl !== undefined) checkAddress("logout address", terms.logoutUrl);
  for (const pem of terms.certificates) checkCertificate(pem);
  return terms;
}

function checkAddress(what: string, url: string): void {
  const { protocol, hostname } = URL.parse(url) ?? {};
  const plain = protocol === "http:" && isLoopback(hostname?.replace(/^\[|\]$/g, ""));
  if (protocol !== "https:" && !plain) throw unusable(`its ${what} ${url} is not https`);
}

async function fromMetadata(path: string): Promise<IdentityProviderTerms> {
  const text = await readText(path);
  const { readMetadata } = await import("./metadata.ts");
  try {
    return readMetadata(text);
  } catch (error) {
    throw error instanceof NotAccepted ? unusable(`${path}: ${error.message}`) : error;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw unusable(`${path} cannot be read`, cause);
  }
}

/** What could sign only what nobody here can verify, or what others could sign as well, is refused beforehand. */
function checkCertificate(pem: string): void {
  let bits: number | undefined;
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(pem).publicKey;
    bits = asymmetricKeyType === "rsa" ? asymmetricKeyDetails?.modulusLength : undefined;
  } catch (cause) {
    throw unusable("one of its certificates is none (PEM is expected)", cause);
  }
  if (bits === undefined || bits < 2048)
    throw unusable("one of its certificates is not of RSA with 2048 bits or more");
}

function unusable(why: string, cause?: unknown): PosternError {
  return new PosternError("saml.identity-provider", `The SAML identity provider cannot be used: ${why}.`, {
    hint: "Take its metadata anew, or give entityId, entryPoint (https) and certificates (PEM files).",
    ...(cause === undefined ? {} : { cause }),
  });
}
