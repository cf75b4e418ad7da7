import type { StoreConfig, WebConfig } from "../policy.ts";
import type { Flaw } from "./error.ts";
import { isLoopback } from "./listen.ts";
import type { Parsed } from "./schema.ts";

/** Where the gateway is reached over HTTP, with its defaults filled in; flaws go to `flaws`. */
export function webOf(written: Parsed["web"], flaws: Flaw[]): WebConfig | undefined {
  if (written === undefined) return undefined;
  const {
    host,
    port,
    insecure = false,
    tls,
    url,
  } = typeof written === "number"
    ? { host: "127.0.0.1", port: written, insecure: true, tls: undefined, url: undefined }
    : written;
  if (!tls && !isLoopback(host)) {
    flaws.push({
      path: ["web"],
      message: `${host}:${port} can be reached from other machines, and callers would show their tokens in clear. Give it a certificate: { host: "${host}", port: ${port}, tls: { cert: "web.crt", key: "web.key" } }`,
    });
  } else if (!tls && !insecure) {
    flaws.push({
      path: ["web"],
      message: `needs a certificate (tls), or insecure: true on the loopback interface`,
    });
  }
  return {
    host,
    port,
    insecure,
    ...(tls === undefined ? {} : { tls }),
    ...(url === undefined ? {} : { url: url.replace(/\/+$/, "") }),
  };
}

/** The shared store; its token crosses only TLS or the loopback interface. */
export function storeOf(written: Parsed["store"], flaws: Flaw[]): StoreConfig | undefined {
  if (written === undefined) return undefined;
  const { url, token } = written;
  const { protocol, hostname } = new URL(url);
  if (protocol === "http:" && !isLoopback(hostname.replace(/^\[|\]$/g, ""))) {
    flaws.push({
      path: ["store", "url"],
      message: `"${url}" is not protected by TLS; write https:// or libsql://`,
    });
  }
  return { url, ...(token === undefined ? {} : { token }) };
}
