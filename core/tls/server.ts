import type { X509Certificate } from "node:crypto";
import { PosternError } from "../error.ts";
import type { TlsConfig } from "../policy.ts";
import { readContext, type SecureContext } from "./files.ts";
import type { TlsLink } from "./link.ts";

/** The server's side of TLS for one listener, as its files were when it was read. */
export class TlsServer {
  readonly #default: SecureContext;
  readonly #names: ReadonlyMap<string, SecureContext>;
  readonly #shown = new Map<SecureContext, X509Certificate | undefined>();

  /** Throws PosternError `tls.files`. */
  constructor(readonly config: TlsConfig) {
    const asks = config.clientCertificates !== "none";
    const ca = config.clientCa === undefined ? {} : { ca: config.clientCa };
    this.#default = readContext({ cert: config.cert, key: config.key, ...ca }, asks);
    this.#names = new Map(
      Object.entries(config.names).map(([name, { cert, key }]) => [
        name.toLowerCase(),
        readContext({ cert, key, ...ca }, asks),
      ]),
    );
  }

  /** A caller that asks for no name, or for one that is not listed, gets the listener's own certificate. */
  get context(): SecureContext {
    return this.#default;
  }

  /** `*.example.com` stands for one label (RFC 6125, 6.4.3). */
  contextFor(name: string): SecureContext {
    const asked = name.toLowerCase();
    const wild = `*${asked.slice(asked.indexOf("."))}`;
    return this.#names.get(asked) ?? this.#names.get(wild) ?? this.#default;
  }

  /** Our certificate, as who asked for this name was shown it: read from the first connection of its kind, for all. */
  shown(name: string | undefined, read: () => X509Certificate | undefined): X509Certificate | undefined {
    const context = name === undefined ? this.#default : this.contextFor(name);
    if (!this.#shown.has(context)) this.#shown.set(context, read());
    return this.#shown.get(context);
  }

  get asks(): boolean {
    return this.config.clientCertificates !== "none";
  }

  /** What may be known of the caller's certificate; throws PosternError `tls.client-certificate`. */
  check(link: TlsLink, fault: Error | null): void {
    if (!this.asks) return;
    if (link.peer === undefined) {
      if (this.config.clientCertificates === "ask") return;
      throw refused("This listener asks for a client certificate, and none was shown.");
    }
    if (fault) throw refused(`The client certificate was not accepted: ${fault.message}.`, fault);
  }
}

function refused(message: string, cause?: Error): PosternError {
  return new PosternError("tls.client-certificate", message, {
    hint: "Show a certificate that is valid now and was issued by the authority that the operator names (libpq: sslcert, sslkey).",
    ...(cause === undefined ? {} : { cause }),
  });
}
