import { isIP } from "node:net";
import type { ListenerConfig, TlsConfig } from "../policy.ts";
import type { Flaw } from "./error.ts";
import type { Parsed, ParsedListener, ParsedTls } from "./schema.ts";

/**
 * Every listener of a policy with its defaults filled in; flaws go to `flaws`. `encrypting`: protocols that never send a
 * credential in clear, and so need no TLS.
 */
export function listeners(
  listen: Parsed["listen"],
  encrypting: ReadonlySet<string>,
  flaws: Flaw[],
): ListenerConfig[] {
  return Object.entries(listen).flatMap(([protocol, written]) => {
    const one = encrypting.has(protocol) ? encryptedListener : listener;
    return Array.isArray(written)
      ? written.map((each, at) => one(protocol, each, ["listen", protocol, at], flaws))
      : [one(protocol, written, ["listen", protocol], flaws)];
  });
}

/** `127.0.0.1:9090`, `[::1]:9090`; a bare port is on 127.0.0.1. undefined: no address. */
export function address(written: string | number): { host: string; port: number } | undefined {
  if (typeof written === "number") return { host: "127.0.0.1", port: written };
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(written);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  return { host: match[1] ?? match[2] ?? "", port };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function listener(
  protocol: string,
  written: ParsedListener,
  path: Flaw["path"],
  flaws: Flaw[],
): ListenerConfig {
  const { host, port, insecure, tls, resource } = spelledOut(written);
  const flaw = (message: string) => flaws.push({ path, message });
  if (port < 0) flaw(`"${written}" is no address; write "127.0.0.1:5432"`);
  else if (!isLoopback(host) && insecure) flaw(insecureOffLoopback(host, port));
  else if (!isLoopback(host) && !tls) flaw(offLoopback(host, port));
  else if (!insecure && !tls) flaw(inClear(host, port));
  return {
    protocol,
    host,
    port,
    insecure,
    ...(tls === undefined ? {} : { tls: tlsOf(tls, [...path, "tls"], flaws) }),
    ...(resource === undefined ? {} : { resource }),
  };
}

function encryptedListener(
  protocol: string,
  written: ParsedListener,
  path: Flaw["path"],
  flaws: Flaw[],
): ListenerConfig {
  const { host, port, insecure, tls, resource } = spelledOut(written);
  if (port < 0) flaws.push({ path, message: `"${written}" is no address; write "0.0.0.0:2222"` });
  if (insecure || tls) {
    flaws.push({ path, message: `${protocol} encrypts by itself: leave out tls and insecure` });
  }
  return { protocol, host, port, insecure: false, ...(resource === undefined ? {} : { resource }) };
}

function spelledOut(written: ParsedListener) {
  if (typeof written === "object") {
    const { host = "127.0.0.1", port, insecure = false, tls, resource } = written;
    return { host, port, insecure, tls, resource };
  }
  const { host, port } = address(written) ?? { host: "", port: -1 };
  return { host, port, insecure: false, tls: undefined, resource: undefined };
}

/** Who names an authority wants certificates: all callers must show one, unless the policy only asks. */
function tlsOf(written: ParsedTls, path: Flaw["path"], flaws: Flaw[]): TlsConfig {
  const { cert, key, names = {}, clientCa, clientCertificates } = written;
  if (clientCertificates !== undefined && clientCa === undefined) {
    flaws.push({ path, message: "clientCertificates needs clientCa: the authority that they must lead to" });
  }
  for (const name of Object.keys(names)) {
    if (/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(name)) continue;
    flaws.push({
      path: [...path, "names", name],
      message: 'is no host name; write "db.example.com" or "*.example.com"',
    });
  }
  return {
    cert,
    key,
    names,
    ...(clientCa === undefined ? {} : { clientCa }),
    clientCertificates: clientCa === undefined ? "none" : (clientCertificates ?? "require"),
  };
}

const withTls = (host: string, port: number) =>
  `{ host: "${host}", port: ${port}, tls: { cert: "server.crt", key: "server.key" } }`;

function offLoopback(host: string, port: number): string {
  return `${host}:${port} can be reached from other machines, and callers would show their credentials in clear. Give it a certificate (\`postern certs\` makes one to try): ${withTls(host, port)}`;
}

function insecureOffLoopback(host: string, port: number): string {
  return `insecure: true is for the loopback interface only, and ${host}:${port} can be reached from other machines; write ${withTls(host, port)}`;
}

function inClear(host: string, port: number): string {
  return `callers would show their credentials in clear on ${host}:${port}. Give it a certificate: ${withTls(host, port)}; on the loopback interface clear is allowed where the policy says so: { host: "${host}", port: ${port}, insecure: true }`;
}
