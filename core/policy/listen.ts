import { isIP } from "node:net";
import type { ListenerConfig } from "../policy.ts";
import type { Flaw } from "./error.ts";
import type { Parsed, ParsedListener } from "./schema.ts";

/** Every listener of a policy with its defaults filled in; flaws go to `flaws`. */
export function listeners(listen: Parsed["listen"], flaws: Flaw[]): ListenerConfig[] {
  return Object.entries(listen).flatMap(([protocol, written]) =>
    Array.isArray(written)
      ? written.map((one, at) => listener(protocol, one, ["listen", protocol, at], flaws))
      : [listener(protocol, written, ["listen", protocol], flaws)],
  );
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
  const { host, port, insecure, resource } = spelledOut(written);
  const found = { protocol, host, port, insecure, ...(resource === undefined ? {} : { resource }) };
  if (port < 0) flaws.push({ path, message: `"${written}" is no address; write "127.0.0.1:5432"` });
  else if (!isLoopback(host)) flaws.push({ path, message: offLoopback(host, port) });
  else if (!insecure) flaws.push({ path, message: inClear(host, port) });
  return found;
}

function spelledOut(written: ParsedListener) {
  if (typeof written === "object") {
    const { host = "127.0.0.1", port, insecure = false, resource } = written;
    return { host, port, insecure, resource };
  }
  const { host, port } = address(written) ?? { host: "", port: -1 };
  return { host, port, insecure: false, resource: undefined };
}

function offLoopback(host: string, port: number): string {
  return `${host}:${port} can be reached from other machines, and callers would show their credentials in clear: this version has no TLS. Listen on loopback: { host: "127.0.0.1", port: ${port}, insecure: true }`;
}

function inClear(host: string, port: number): string {
  return `callers would show their credentials in clear on ${host}:${port}: this version has no TLS. On the loopback interface that is allowed where the policy says so: { host: "${host}", port: ${port}, insecure: true }`;
}
