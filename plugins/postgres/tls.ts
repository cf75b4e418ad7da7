import {
  clientContext,
  isLoopback,
  PosternError,
  TlsClient,
  type TlsVerification,
} from "../../core/plugin.ts";
import type { PostgresConfig } from "./config.ts";
import { alpn } from "./startup/encryption.ts";

/** The protection that a resource's connections have, with the default filled in. */
export function protection({ tls, host }: PostgresConfig): TlsVerification | "disable" {
  return tls ?? (host.startsWith("/") || isLoopback(host) ? "disable" : "verify-full");
}

/** What does not go together; undefined: all does. */
export function tlsFlaw(config: PostgresConfig): string | undefined {
  const { host, ca, cert, key, serverName, channelBinding } = config;
  const mode = protection(config);
  if (!modes.includes(mode)) return `tls is one of ${modes.join(", ")}`;
  if (mode !== "disable" && host.startsWith("/")) return "a unix socket has no TLS";
  if ((cert === undefined) !== (key === undefined)) return "cert and key go together";
  if (mode === "disable") {
    const needless = Object.entries({ ca, cert, key, serverName }).find(([, value]) => value !== undefined);
    if (needless) return `${needless[0]} needs TLS; write tls: "verify-full"`;
    if (channelBinding === "require") return 'channelBinding: "require" needs TLS; write tls: "verify-full"';
  }
  if (mode === "require" && ca !== undefined)
    return 'tls: "require" verifies nothing; with ca write "verify-ca"';
  return undefined;
}

const modes = ["verify-full", "verify-ca", "require", "disable"];

/** The client's side of TLS to this resource; undefined: in clear. Throws PosternError `tls.files`. */
export function tlsClient(config: PostgresConfig): TlsClient | undefined {
  const mode = protection(config);
  if (mode === "disable") return undefined;
  return new TlsClient(clientContext(config), mode, config.serverName ?? config.host, alpn);
}

/** TLS to a server failed; who is told of it need not learn the server's name, the log does. */
export function tlsFailed(cause: unknown): PosternError {
  return new PosternError("resource.tls", "The connection to the resource could not be secured.", {
    hint: "The operator finds the reason in the log.",
    cause,
  });
}
