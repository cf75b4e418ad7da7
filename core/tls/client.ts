import { isIP } from "node:net";
import { PosternError } from "../error.ts";
import type { SecureContext } from "./files.ts";
import type { TlsLink } from "./link.ts";

/**
 * How much a server must prove: `verify-full` its certificate's chain and name, `verify-ca` the chain,
 * `require` nothing: encrypted, to whoever answers.
 */
export type TlsVerification = "verify-full" | "verify-ca" | "require";

/** The client's side of TLS for one connection. */
export class TlsClient {
  constructor(
    readonly context: SecureContext,
    readonly verification: TlsVerification,
    /** The name or address that the certificate must be for. */
    readonly serverName: string,
    /** The protocol to offer (ALPN). */
    readonly alpn?: string,
  ) {}

  /** An address is not sent as a name (RFC 6066, 3). */
  get sni(): string {
    return isIP(this.serverName) === 0 ? this.serverName : "";
  }

  /**
   * Bun calls a handshake failed also where it is done and its own look at the name, which comes after the
   * chain, finds another one. What the name is worth is for `check` to say.
   */
  done(told: boolean, fault: Error | null): boolean {
    return told || !broken.has(codeOf(fault));
  }

  /** Throws PosternError `tls.server-certificate`. */
  check(link: TlsLink, fault: Error | null): void {
    if (this.verification === "require") return;
    const { peer } = link;
    if (!peer) throw refused("The server showed no certificate.");
    if (fault && codeOf(fault) !== otherName)
      throw refused(`The server's certificate was not accepted: ${fault.message}.`, fault);
    if (this.verification === "verify-ca") return;
    const named =
      isIP(this.serverName) === 0 ? peer.checkHost(this.serverName) : peer.checkIP(this.serverName);
    if (named === undefined) throw refused(`The server's certificate is not for ${this.serverName}.`);
  }
}

const otherName = "ERR_TLS_CERT_ALTNAME_INVALID";

/** The handshake itself failed; any other fault is one of the certificate. */
const broken: ReadonlySet<string> = new Set([
  "",
  "EPROTO",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
]);

function codeOf(fault: Error | null): string {
  return fault && "code" in fault ? String(fault.code) : "";
}

function refused(message: string, cause?: Error): PosternError {
  return new PosternError("tls.server-certificate", message, {
    hint: "Is this the right host, and `ca` the authority that issued its certificate?",
    ...(cause === undefined ? {} : { cause }),
  });
}
