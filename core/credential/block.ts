import { BlockList, isIP, isIPv4 } from "node:net";
import { PosternError } from "../error.ts";
import { addressOf } from "../source.ts";

/**
 * The block of addresses that a text names, in CIDR notation (RFC 4632, RFC 4291): `10.2.0.0/16`,
 * `2001:db8::/32`; an address alone is a block of one. Throws PosternError `credential.from`.
 */
export function blockOf(text: string): string {
  const [, address = "", bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const longest = isIPv4(address) ? 32 : 128;
  const prefix = Number(bits ?? longest);
  if (isIP(address) === 0 || prefix > longest || /^::ffff:/i.test(address)) {
    throw new PosternError("credential.from", `"${text}" is no block of addresses.`, {
      hint: "Write 10.2.0.0/16, 2001:db8::/32 or one address; IPv4 always as IPv4.",
    });
  }
  return `${address}/${prefix}`;
}

/** Whether a caller comes from a block that `blockOf` gave. `remote` is an address with its port; without one it does not. */
export function comesFrom(block: string, remote: string): boolean {
  const address = addressOf(remote);
  if (address === undefined) return false;
  const [network = "", prefix] = block.split("/");
  const family = familyOf(network);
  // A list with ::/0 would let in IPv4 as well.
  if (familyOf(address) !== family) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family);
  return list.check(address, family);
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv4(address) ? "ipv4" : "ipv6";
}
