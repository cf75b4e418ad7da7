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

  /** Throws PosternError `tls.server-certificate`. */
  check(link: TlsLink, fault: Error | null): void {
    if (this.verification === "require") return;
    const { peer } = link;
    if (!peer) throw refused("The server showed no certificate.");
    if (fault) throw refused(`The server's certificate was not accepted: ${fault.message}.`, fault);
    if (this.verification === "verify-ca") return;
    const named =
      isIP(this.serverName) === 0 ? peer.checkHost(this.serverName) : peer.checkIP(this.serverName);
    if (named === undefined) throw refused(`The server's certificate is not for ${this.serverName}.`);
  }
}

function refused(message: string, cause?: Error): PosternError {
  return new PosternError("tls.server-certificate", message, {
    hint: "Is this the right host, and `ca` the authority that issued its certificate?",
    ...(cause === undefined ? {} : { cause }),
  });
}
