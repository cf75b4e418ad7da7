import { isIP, isIPv4 } from "node:net";

/** What has no address of its own: the gateway's machine itself, over a unix socket. */
export const noAddress = "local";

/**
 * Where a connection comes from, as far as limits tell sources apart: an IPv4 address; of IPv6 the network of 64
 * bits, since whoever has one address there has them all (RFC 6177); `local` for what has no address.
 * `remote` is an address with its port, as `Wire.remote` has it.
 */
export function sourceOf(remote: string): string {
  const address = addressOf(remote);
  if (address === undefined) return noAddress;
  return isIPv4(address) ? address : `${network(address)}::/64`;
}

/** The IP address of a remote, an IPv4 one also where it came mapped into IPv6; undefined: it has none. */
export function addressOf(remote: string): string | undefined {
  const address = remote.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  return isIP(mapped) === 0 ? undefined : mapped;
}

/** The first four groups, without leading zeros. */
function network(address: string): string {
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const groups = (text: string) => text.split(":").filter((group) => group !== "");
  const [left, right] = [groups(head), groups(tail ?? "")];
  const between = Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  const first = [...left, ...between, ...right].slice(0, 4);
  return first.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}
