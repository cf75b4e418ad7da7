import { existsSync } from "node:fs";
import type { Terminal } from "../terminal.ts";

/** Where systems keep the certificates of the authorities that they trust: Debian, Red Hat, Alpine and macOS. */
const places = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
];

/** Path of a PEM file; undefined: this machine has none. Clients of old know no other way to ask for these. */
export function systemAuthorities(env: Terminal["env"]): string | undefined {
  return [env.SSL_CERT_FILE ?? "", ...places].find((path) => path !== "" && existsSync(path));
}
